from mechanist.report.run import Run as Run
from mechanist.report.run import open_run as open_run

__version__: str
