// One inference of digits, as every thread of the team runs it.
#include "layers.h"

namespace npas_digits {

void forward(Run& run) {
    run(layer_000);  // input (input): 1x16x16 -> 1x16x16
    run(layer_001);  // stem_conv1 + stem_act1 (3x3): 1x16x16 -> 16x16x16
    run(layer_002);  // stage1_block1_conv1 + stage1_block1_act1 (split): 16x16x16 -> 16x18x18
    run(layer_003);  // stage1_block1_conv1 + stage1_block1_act1 (3x3): 16x18x18 -> 3x16x16
    run(layer_004);  // stage1_block1_conv2 + stage1_block1_add + stage1_block1_act2 (3x3): 3x16x16 -> 16x16x16
    run(layer_005);  // stage1_block2_conv1 + stage1_block2_act1 (split): 16x16x16 -> 16x18x18
    run(layer_006);  // stage1_block2_conv1 + stage1_block2_act1 (3x3): 16x18x18 -> 3x16x16
    run(layer_007);  // stage1_block2_conv2 + stage1_block2_add + stage1_block2_act2 (3x3): 3x16x16 -> 16x16x16
    run(layer_008);  // stage2_block1_conv1 + stage2_block1_act1 (split): 16x16x16 -> 64x9x9
    run(layer_009);  // stage2_block1_conv1 + stage2_block1_act1 (3x3, stride 2): 64x9x9 -> 6x8x8
    run(layer_010);  // stage2_block1_shortcut (split): 16x16x16 -> 16x8x8
    run(layer_011);  // stage2_block1_shortcut (1x1, stride 2): 16x8x8 -> 6x8x8
    run(layer_012);  // stage2_block1_conv2 + stage2_block1_add + stage2_block1_act2 (3x3): 6x8x8 -> 6x8x8
    run(layer_013);  // stage2_block2_conv1 + stage2_block2_act1 (3x3): 6x8x8 -> 6x8x8
    run(layer_014);  // stage2_block2_conv2 + stage2_block2_add + stage2_block2_act2 (3x3): 6x8x8 -> 6x8x8
    run(layer_015);  // stage3_block1_conv1 + stage3_block1_act1 (3x3, stride 2): 6x8x8 -> 13x4x4
    run(layer_016);  // stage3_block1_shortcut (1x1, stride 2): 6x8x8 -> 13x4x4
    run(layer_017);  // stage3_block1_conv2 + stage3_block1_add + stage3_block1_act2 (3x3): 13x4x4 -> 13x4x4
    run(layer_018);  // stage3_block2_conv1 + stage3_block2_act1 (3x3): 13x4x4 -> 13x4x4
    run(layer_019);  // stage3_block2_conv2 + stage3_block2_add + stage3_block2_act2 (3x3): 13x4x4 -> 13x4x4
    run(layer_020);  // stage4_block1_conv1 + stage4_block1_act1 (3x3, stride 2): 13x4x4 -> 26x2x2
    run(layer_021);  // stage4_block1_shortcut (1x1, stride 2): 13x4x4 -> 26x2x2
    run(layer_022);  // stage4_block1_conv2 + stage4_block1_add + stage4_block1_act2 (3x3): 26x2x2 -> 26x2x2
    run(layer_023);  // stage4_block2_conv1 + stage4_block2_act1 (3x3): 26x2x2 -> 26x2x2
    run(layer_024);  // stage4_block2_conv2 + stage4_block2_add + stage4_block2_act2 (3x3): 26x2x2 -> 26x2x2
    run(layer_025);  // head_pool (global avg pool): 26x2x2 -> 26x1x1
    run(layer_026);  // classifier (linear): 26x1x1 -> 10x1x1
    run(layer_027);  // classifier (output): 10x1x1 -> 10x1x1
}

}  // namespace npas_digits
