"""The command line: one module per verb, put together in `main.py`. It asks the platform over HTTP and
decides nothing.
"""
