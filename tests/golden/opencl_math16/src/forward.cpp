// The layers of net, in the order in which every inference enqueues them.
#include "layers.h"

namespace npas_net {

void forward(Run& run) {
    run(layer_000);  // input (input): 3x9x7 -> 3x9x7
    run(layer_001);  // dense + act1 (3x3): 3x9x7 -> 10x10x7
    run(layer_002);  // csr + add1 (3x3): 10x10x7 -> 10x10x7
    run(layer_003);  // fkw (3x3, dilation (2, 1)): 10x10x7 -> 9x10x7
    run(layer_004);  // bcs (3x3, stride (2, 3)): 9x10x7 -> 17x5x3
    run(layer_005);  // depthwise (3x3, 17 groups): 17x5x3 -> 17x5x3
    run(layer_006);  // max_pool1 (max_pool 2x2): 17x5x3 -> 17x4x2
    run(layer_007);  // avg_pool1 (average_pool 2x2): 17x5x3 -> 17x4x2
    run(layer_008);  // concat1 (concat): 17x4x2 -> 34x4x2
    run(layer_009);  // concat1 (concat): 17x4x2 -> 34x4x2
    run(layer_010);  // pool1 (global avg pool): 34x4x2 -> 34x1x1
    run(layer_011);  // gate + act2 (linear): 34x1x1 -> 34x1x1
    run(layer_012);  // mul1 (elementwise): 34x4x2 -> 34x4x2
    run(layer_013);  // flatten1 (copy): 34x4x2 -> 272x1x1
    run(layer_014);  // rows (linear): 272x1x1 -> 21x1x1
    run(layer_015);  // row (linear): 21x1x1 -> 5x1x1
    run(layer_016);  // row (output): 5x1x1 -> 5x1x1
}

}  // namespace npas_net
