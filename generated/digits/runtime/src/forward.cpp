// One inference of digits, as every thread of the team runs it.
#include "layers.h"

namespace npas_digits {

void forward(Run& run) {
    run(layer_000);  // input (input): 1x16x16 -> 1x16x16
    run(layer_001);  // stem_conv1 + stem_act1 (3x3): 1x16x16 -> 16x16x16
    run(layer_002);  // stage1_block1_conv1 + stage1_block1_act1 (3x3): 16x16x16 -> 16x16x16
    run(layer_003);  // stage1_block1_conv2 + stage1_block1_add + stage1_block1_act2 (3x3): 16x16x16 -> 16x16x16
    run(layer_004);  // stage1_block2_conv1 + stage1_block2_act1 (3x3): 16x16x16 -> 16x16x16
    run(layer_005);  // stage1_block2_conv2 + stage1_block2_add + stage1_block2_act2 (3x3): 16x16x16 -> 16x16x16
    run(layer_006);  // stage2_block1_conv1 (split): 16x16x16 -> 64x9x9
    run(layer_007);  // stage2_block1_conv1 + stage2_block1_act1 (3x3, stride 2): 64x9x9 -> 32x8x8
    run(layer_008);  // stage2_block1_shortcut (split): 16x16x16 -> 16x8x8
    run(layer_009);  // stage2_block1_shortcut (1x1, stride 2): 16x8x8 -> 32x8x8
    run(layer_010);  // stage2_block1_conv2 + stage2_block1_add + stage2_block1_act2 (3x3): 32x8x8 -> 32x8x8
    run(layer_011);  // stage2_block2_conv1_dw (3x3, 32 groups): 32x8x8 -> 32x8x8
    run(layer_012);  // stage2_block2_conv1 + stage2_block2_act1 (1x1): 32x8x8 -> 4x8x8
    run(layer_013);  // stage2_block2_conv2_pw (1x1): 4x8x8 -> 16x8x8
    run(layer_014);  // stage2_block2_conv2_dw (3x3, 16 groups): 16x8x8 -> 16x8x8
    run(layer_015);  // stage2_block2_conv2 + stage2_block2_add + stage2_block2_act2 (1x1): 16x8x8 -> 32x8x8
    run(layer_016);  // stage3_block1_conv1 (split): 32x8x8 -> 128x5x5
    run(layer_017);  // stage3_block1_conv1 + stage3_block1_act1 (3x3, stride 2): 128x5x5 -> 40x4x4
    run(layer_018);  // stage3_block1_conv2_dw (3x3, 40 groups): 40x4x4 -> 40x4x4
    run(layer_019);  // stage3_block1_shortcut (split): 32x8x8 -> 32x4x4
    run(layer_020);  // stage3_block1_shortcut (1x1, stride 2): 32x4x4 -> 64x4x4
    run(layer_021);  // stage3_block1_conv2 + stage3_block1_add + stage3_block1_act2 (1x1): 40x4x4 -> 64x4x4
    run(layer_022);  // stage3_block2_conv1_dw (3x3, 64 groups): 64x4x4 -> 64x4x4
    run(layer_023);  // stage3_block2_conv1 + stage3_block2_act1 (1x1): 64x4x4 -> 60x4x4
    run(layer_024);  // stage3_block2_conv2_pw (1x1): 60x4x4 -> 64x4x4
    run(layer_025);  // stage3_block2_conv2_dw (3x3, 64 groups): 64x4x4 -> 64x4x4
    run(layer_026);  // stage3_block2_conv2 + stage3_block2_add + stage3_block2_act2 (1x1): 64x4x4 -> 64x4x4
    run(layer_027);  // stage4_block1_conv1_dw (split): 64x4x4 -> 256x3x3
    run(layer_028);  // stage4_block1_conv1_dw (3x3, stride 2, 64 groups): 256x3x3 -> 64x2x2
    run(layer_029);  // stage4_block1_conv1 + stage4_block1_act1 (1x1): 64x2x2 -> 128x2x2
    run(layer_030);  // stage4_block1_conv2_pw (1x1): 128x2x2 -> 51x2x2
    run(layer_031);  // stage4_block1_conv2_dw (3x3, 51 groups): 51x2x2 -> 51x2x2
    run(layer_032);  // stage4_block1_shortcut (split): 64x4x4 -> 64x2x2
    run(layer_033);  // stage4_block1_shortcut (1x1, stride 2): 64x2x2 -> 115x2x2
    run(layer_034);  // stage4_block1_conv2 + stage4_block1_add + stage4_block1_act2 (1x1): 51x2x2 -> 115x2x2
    run(layer_035);  // stage4_block2_conv1 + stage4_block2_act1 (1x1): 115x2x2 -> 121x2x2
    run(layer_036);  // stage4_block2_conv2_dw (3x3, 121 groups): 121x2x2 -> 121x2x2
    run(layer_037);  // stage4_block2_conv2 + stage4_block2_add + stage4_block2_act2 (1x1): 121x2x2 -> 115x2x2
    run(layer_038);  // head_pool (global avg pool): 115x2x2 -> 115x1x1
    run(layer_039);  // classifier (linear): 115x1x1 -> 10x1x1
    run(layer_040);  // classifier (output): 10x1x1 -> 10x1x1
}

}  // namespace npas_digits
