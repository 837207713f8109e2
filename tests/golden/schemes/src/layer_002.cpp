#include "conv_packed_avx2_h10_add.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// csr + add1 (3x3): 10x10x7 -> 10x10x7.
// 300 of 900 weights, stored as csr, 1862 bytes: unstructured 3x.
void layer_002(Run& run) {
    static constexpr int kCopies = 2;
    if (run.seat().thread >= kCopies) return;
    const View copy = own_buffer(run.value(2), run.seat().thread);
    conv_packed_avx2_h10_add(run.indexed(1), run.value(1), run.value(3), run.value(1), copy,
                             first_of(run.seat(), kCopies));
}

}  // namespace npas_net
