"""Worksforwhom: says of a failing service whether it is the service, a country, or oneself."""

__version__ = "0.1.0"
