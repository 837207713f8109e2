"""From a pruned network to C++ sources: passes, lowering to a plan, storage formats, templates."""
