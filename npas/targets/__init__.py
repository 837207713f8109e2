"""Where generated code goes and runs: files, compilers, instruction sets, devices."""
