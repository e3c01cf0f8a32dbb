"""The one place that states the version of the distribution and of the package."""

__version__ = "0.3.0"
