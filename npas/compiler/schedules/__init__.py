"""How much of the work a kernel holds in registers and caches: records, estimates of the best, all that there are."""
