"""NPAS: prunes a vision network to a latency budget and generates the C++ runtime for exactly that network."""
