// classifier (linear): 115x1x1 -> 10x1x1.
// 636 of 1150 weights, stored as bcs, 4194 bytes: block 2x.
#include "layers.h"

namespace npas_digits {

void layer_039(Run& run) {
    linear_indexed_avx2_r8(run.indexed(31), run.value(38), run.value(39), run.share());
}

}  // namespace npas_digits
