#include "conv_indexed_avx2_r4p3_relu.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// dense + act1 (3x3): 3x9x7 -> 10x10x7.
// 270 of 270 weights, stored as dense, 1336 bytes.
void layer_001(Run& run) {
    conv_indexed_avx2_r4p3_relu(run.indexed(0), run.value(0), run.value(1), run.share());
}

}  // namespace npas_net
