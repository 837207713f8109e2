// Included before anything else by kernels whose sums fill the vector registers that there are.
//
// GCC loads what a layer's activation needs before the loops, for all of them, and then keeps a sum in memory: a loop
// that waits for it takes 9.5 instead of 6 cycles an entry. Where each tile loads its constants, nothing waits.
#pragma once

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && !defined(__AVX512F__)
#pragma GCC optimize("no-move-loop-invariants")
#endif
