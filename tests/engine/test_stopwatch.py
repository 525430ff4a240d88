"""Which of several timed plans is taken."""

from mechanist.engine.plan import Plan
from mechanist.engine.stopwatch import fastest_first
from mechanist.engine.timing import Timing


def test_a_stack_on_a_processor_must_be_much_faster_than_a_pool():
    # By chance of the timing the one or the other was taken, with other results.
    pool, stack = Plan("Reference", "pool", 64), Plan("CPU", "grid", 64)
    near = [Timing(stack, 83_000), Timing(pool, 70_000)]
    assert [timing.plan for timing in fastest_first(near)] == [pool, stack]
    far = [Timing(stack, 110_000), Timing(pool, 70_000)]
    assert fastest_first(far)[0].plan == stack
    on_gpu = [Timing(Plan("OpenCL", "grid", 256), 83_000), Timing(pool, 70_000)]
    assert fastest_first(on_gpu)[0].plan.platform == "OpenCL"
    # Potentials have no pool.
    points = [Timing(Plan("CPU", "pairs", 64), 3.0), Timing(Plan("Reference", "pairs", 64), 2.0)]
    assert fastest_first(points)[0].plan.platform == "CPU"
