"""The command line. Each command is one module with ``main(argv) -> int``, imported only when it is called."""
