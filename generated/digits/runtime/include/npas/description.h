// What the generator says of one network: constants, without allocations.
#pragma once

#include <cstddef>
#include <cstdint>

#include "npas/config.h"
#include "npas/tensor.h"

namespace NPAS_NAMESPACE {

class Run;

enum class Format : int { dense, csr, fkw, bcs };

// The tiles of an output whose filters lie in lanes: `columns` in each row of pixels, the first `wide` of them as wide
// as the kernel's tile, the others a pixel narrower. Where nothing lies between the input's rows, all make one.
struct Grid {
    int columns, wide;
    int row_step;  // floats from the input of one row of tiles to that of the next
    int rows;      // of the image in a row of tiles
};

// What a kernel that reads copies of its input copies for a tile; see packing.h.
struct CopyPart {
    int row, column;  // of the window, in pixels of the input
    int more;         // vectors behind those of the tile's lines
    int first;        // vector of a channel's copy
};

struct Packing {
    int lines, depth;  // of the output: in a tile, and from top to bottom
    int slot;          // pixels of a row in a line; 0 where lines run on into the next row
    int channels;      // copied at a time: one channel block or several
    int vectors;       // in the copy of a channel
    const CopyPart* parts;
    int part_count;
    int stride_y, stride_x;
    int top, left;              // padding
    int last_row, last_column;  // of the input that any window reads
    int shares;                 // buffers, one for each thread
    bool in_place;              // the input lies as its copy would
    bool by_length;             // filters come in the order of their lists' lengths
};

// A depthwise layer. Sections: weights [planes][taps][lanes], bias [planes][lanes].
struct DepthwiseSpec {
    int first_section;
    int channels, taps;
    int lanes;      // channels in a plane: 1 where pixels lie in lanes
    int top, left;  // padding
    int height;     // of the image
};

// A layer by Winograd's method; see winograd.h. Sections: weights as a dense layer's, bias.
struct WinogradSpec {
    int first_section;
    int filters, channels;
    int kernel, stride;  // in both directions
    int input_block;     // channels in a pixel of the input
    int planes, lanes;   // of V, which hold every phase of the input; channels in each
    int rows;            // filters in a group
    int tile;            // m: output pixels on a tile's side
    int columns, tiles;  // tiles in a row, and in all
    int tiles_at_a_time;
    bool split_tiles;              // threads share out tiles rather than channels and filters
    int shares;                    // then as many as have a workspace
    int top, left, bottom, right;  // padding

    int phases() const { return stride * stride; }
    int taps() const { return (kernel + stride - 1) / stride; }  // r
    int side() const { return tile + taps() - 1; }               // of a tile of V
};

// Offsets behind the last one of a layer's lists: kernels work out addresses ahead.
constexpr int kOffsetsAhead = 2;

// A layer whose weights are lists of kept positions; see indexed.h.
struct IndexedSpec {
    Format format;
    int first_section;               // in the weights file: weights, bias, then the format's index sections
    int filters, channels, groups;   // of the convolution; channels counts all groups
    int taps;                        // kernel positions, 1 for a fully connected layer
    bool half;                       // weights are stored in 16 bits
    const std::int32_t* tap_offset;  // floats from an output pixel to the input pixel under each tap
    int input_block, plane_step;     // channels in a pixel of the input; floats from one of its planes to the next
    int rows;                        // filters that share a list
    int depth;                       // neighbouring channels that one entry of a list covers
    int lists;                       // of a group: those whose filters fill a vector, or are computed side by side
    bool lanes;                      // filters lie in the lanes of vectors, in order, rather than pixels
    int channel_block;               // input channels worked through at a time
    int tile, tiles;                 // pixels in a tile, tiles in a plane; 0 for a fully connected layer
    int tiles_at_a_time;
    bool split_pixels;         // threads share out tiles of pixels rather than groups of filters
    int width, height, pitch;  // of the output plane
    Grid grid;                 // of the tiles, with filters in lanes or copies of the input
    Packing packing;           // has no lines where a kernel reads its input as it lies
};

// A value that the network brings along: filled once from its section, never written again.
struct Stationary {
    int value;
    int section;
};

struct LayerInfo {
    const char* name;
    int output;  // value; -1 where it is the caller's array
};

struct Description {
    std::uint64_t fingerprint;
    std::size_t sections;
    std::size_t arena;  // in numbers
    const Value* values;
    int value_count;
    const IndexedSpec* indexed;
    int indexed_count;
    const DepthwiseSpec* depthwise;
    int depthwise_count;
    const WinogradSpec* winograd;
    int winograd_count;
    const Stationary* constants;
    int constant_count;
    const LayerInfo* layers;
    int layer_count;
    const Layout* inputs;  // the caller's arrays: compact
    int input_count;
    const Layout* outputs;
    int output_count;
    void (*forward)(Run&);
};

// The network of this tree.
const Description& description();

}  // namespace NPAS_NAMESPACE
