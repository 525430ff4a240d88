"""Where the stages of the trajectory models compute."""

from mechanist.bookkeeping.journal import Journal


def device_of(threads: int, log: Journal) -> str:
    """Load torch for so many threads; the device that it trains on."""
    log.load("torch")
    import torch

    torch.set_num_threads(threads)
    return "cuda" if torch.cuda.is_available() else "cpu"
