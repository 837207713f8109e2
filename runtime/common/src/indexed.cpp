#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "npas/formats.h"
#include "npas/loaded.h"

namespace NPAS_NAMESPACE {

namespace {

// Loading the bias, the epilogue and the stores, in list entries.
constexpr std::int64_t kGroupOverhead = 4;
// Filters among which those with lists of about one length are looked for, where a plane's sums leave together.
constexpr std::size_t kNeighbours = 8;

// Every filter exactly once, or its output would be missing or raced for.
bool complete(const std::vector<std::int32_t>& rows, int filters) {
    std::vector<bool> seen(static_cast<std::size_t>(filters), false);
    int count = 0;
    for (const std::int32_t row : rows) {
        if (row < 0) continue;
        if (seen[static_cast<std::size_t>(row)]) return false;
        seen[static_cast<std::size_t>(row)] = true;
        ++count;
    }
    return count == filters;
}

// What a kernel takes for granted: a filter that stands alone is there, and filters in lanes are written in the order
// of the file, without looking at their numbers.
bool orderly(const IndexedSpec& spec, const std::vector<std::int32_t>& rows) {
    const auto filters = static_cast<std::size_t>(spec.filters), width = static_cast<std::size_t>(spec.rows);
    if (!spec.lanes) return width > 1 || rows.size() == filters;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i] != (i < filters ? static_cast<std::int32_t>(i) : -1)) return false;
    }
    return rows.size() == (filters + width - 1) / width * width;
}

// Where each block of channels begins in each list: entries of one block are neighbours if the list is sorted
// by channel, as every packer and decoder here sorts it; from another order the sums would still be complete, unless
// a kernel sees one block at a time: then there is no other.
Status bound(const IndexedSpec& spec, const Lists& lists, LoadedIndexed& out) {
    const auto blocks = static_cast<std::size_t>(out.view.channel_blocks);
    const auto block_of = [&](std::uint32_t column) {
        return static_cast<std::size_t>(column / static_cast<std::uint32_t>(spec.taps)) /
               static_cast<std::size_t>(spec.channel_block);
    };
    for (const std::uint32_t list : lists.list_of) {
        std::uint32_t k = lists.start[list];
        out.bounds.push_back(static_cast<std::int32_t>(k));
        for (std::size_t b = 0; b < blocks; ++b) {
            for (; k < lists.start[list + 1] && (b + 1 == blocks || block_of(lists.columns[k]) <= b); ++k) {
                if (spec.packing.lines > 0 && block_of(lists.columns[k]) != b) return Status::format;
            }
            out.bounds.push_back(static_cast<std::int32_t>(k));
        }
    }
    return Status::ok;
}

// Lists without entries, and filters that are none, for what the last group lacks.
void fill_up(const IndexedSpec& spec, Lists& lists, LoadedIndexed& out) {
    const auto together = static_cast<std::size_t>(spec.lists);
    while (lists.list_of.size() % together != 0) {
        lists.list_of.push_back(static_cast<std::uint32_t>(lists.start.size() - 1));
        lists.start.push_back(lists.start.back());
        out.rows.insert(out.rows.end(), static_cast<std::size_t>(spec.rows), -1);
    }
}

// Lists in the order of their filters: a packed kernel's sums leave as soon as those of a plane are complete.
void by_filter(const std::vector<std::int32_t>& rows, Lists& lists) {
    std::vector<std::uint32_t> sorted(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) sorted[static_cast<std::size_t>(rows[i])] = lists.list_of[i];
    lists.list_of.swap(sorted);
}

// What a packed kernel reads, in the order in which it does: block by block of channels, group by group. The lists of a
// group lie side by side, entry by entry, and are of one length: the filters of a plane, or of a whole piece, are
// grouped by their lists' lengths, block by block anew, a filter that is none last, and what a list lacks becomes
// weights of zero at places that it, or the longest one, reads anyway. Short loops whose number of rounds rarely
// changes end without a surprise. The bias stands by filter, in whole vectors.
Status in_order(const IndexedSpec& spec, const float* weights, const float* bias, LoadedIndexed& out) {
    const auto blocks = static_cast<std::size_t>(out.view.channel_blocks), width = static_cast<std::size_t>(spec.lists);
    const auto lanes = static_cast<std::size_t>(spec.tile), filters = static_cast<std::size_t>(spec.filters);
    std::vector<std::int32_t> bounds, rows;
    std::vector<float> ordered;
    out.places.reserve(out.offsets.size());
    ordered.reserve(out.offsets.size());
    for (std::size_t block = 0; block < blocks; ++block) {
        const auto bound = [&](std::size_t list) { return &out.bounds[list * (blocks + 1) + block]; };
        const auto length = [&](std::size_t list) { return bound(list)[1] - bound(list)[0]; };
        for (std::size_t piece = 0; piece + 1 < out.cut.size(); ++piece) {
            const auto begin = static_cast<std::size_t>(out.cut[piece]),
                       end = static_cast<std::size_t>(out.cut[piece + 1]);
            std::vector<std::size_t> lists((end - begin) * width);
            std::iota(lists.begin(), lists.end(), begin * width);
            const std::size_t near = spec.packing.by_length ? lists.size() : std::min(kNeighbours, lanes);
            for (std::size_t i = 0; width > 1 && i < lists.size(); i += near) {
                std::stable_sort(lists.begin() + i, lists.begin() + std::min(i + near, lists.size()),
                                 [&](std::size_t a, std::size_t b) { return length(a) > length(b); });
            }
            for (std::size_t first = 0; first < lists.size(); first += width) {
                bounds.push_back(static_cast<std::int32_t>(out.places.size() / width));
                for (std::int32_t k = 0; k < length(lists[first]); ++k) {
                    for (std::size_t i = 0; i < width; ++i) {
                        const std::size_t list = lists[first + i], filled = length(list) > 0 ? list : lists[first];
                        const std::int32_t at = bound(filled)[0] + std::min(k, length(filled) - 1);
                        const std::size_t place =
                            static_cast<std::size_t>(out.offsets[static_cast<std::size_t>(at)]) / lanes;
                        if (place > std::numeric_limits<std::uint16_t>::max()) return Status::format;
                        out.places.push_back(static_cast<std::uint16_t>(place));
                        ordered.push_back(k < length(list) ? weights[at] : 0.0f);
                    }
                }
                for (std::size_t i = 0; i < width; ++i) rows.push_back(out.rows[lists[first + i]]);
            }
        }
    }
    bounds.push_back(static_cast<std::int32_t>(out.places.size() / width));
    out.places.insert(out.places.end(), kOffsetsAhead * width, 0);
    out.offsets.clear();
    out.offsets.shrink_to_fit();
    out.bounds.swap(bounds);
    out.rows.swap(rows);
    out.weights.swap(ordered);
    out.bias.assign(bias, bias + filters);
    out.bias.resize((filters + lanes - 1) / lanes * lanes, 0.0f);
    return Status::ok;
}

// Cuts the groups into pieces of about equal work; those of a packed kernel whole planes of the output.
void share_out(const IndexedSpec& spec, const Lists& lists, int pieces, LoadedIndexed& out) {
    const auto together = static_cast<std::size_t>(spec.lists);
    const auto work_of = [&](int group) {
        std::int64_t work = kGroupOverhead;
        for (std::size_t i = 0; i < together; ++i) {
            work += lists.length(lists.list_of[static_cast<std::size_t>(group) * together + i]);
        }
        return work;
    };
    std::int64_t total = 0;
    for (int g = 0; g < out.view.groups; ++g) total += work_of(g);
    out.cut.assign(1, 0);
    std::int64_t done = 0;
    const int step = spec.packing.lines > 0 ? spec.tile / spec.lists : 1;
    int group = 0;
    for (int t = 1; t <= pieces; ++t) {
        while (group < out.view.groups) {
            // A group that begins before the piece's end is the piece's, so that the last piece is the one with less.
            if (done * pieces >= total * t && t < pieces) break;
            const int end = std::min(group + step, out.view.groups);
            for (; group < end; ++group) done += work_of(group);
        }
        out.cut.push_back(group);
    }
}

}  // namespace

Range Indexed::groups_of(Share share) const {
    if (spec->split_pixels) return {0, groups};
    const Range own = slice(share, pieces);
    return {cut[own.begin], cut[own.end]};
}

Range Indexed::tiles_of(Share share) const {
    if (!spec->split_pixels) return {0, spec->tiles};
    return slice(share, spec->tiles);
}

Status prepare(const IndexedSpec& spec, const Weights& file, int pieces, LoadedIndexed& out) {
    const auto first = static_cast<std::size_t>(spec.first_section);
    const Section &weights = file[first], &bias = file[first + 1];
    if (weights.type != (spec.half ? Type::f16 : Type::f32) || bias.type != Type::f32) return Status::format;
    if (spec.half && spec.format == Format::fkw) return Status::format;  // whose weights are put in another order
    if (bias.count != static_cast<std::size_t>(spec.filters)) return Status::format;
    Lists lists;
    out = LoadedIndexed();
    const Status status = decode(spec, file, lists);
    if (status != Status::ok) return status;
    out.rows = std::move(lists.rows);
    out.weights = std::move(lists.weights);
    if (!complete(out.rows, spec.filters) || !orderly(spec, out.rows)) return Status::format;
    if (spec.packing.lines > 0) {
        if (spec.rows != 1 || spec.depth != 1 || spec.half) return Status::format;
        by_filter(out.rows, lists);
        std::iota(out.rows.begin(), out.rows.end(), 0);
    }
    fill_up(spec, lists, out);
    if (lists.columns.size() > std::numeric_limits<std::int32_t>::max()) return Status::format;

    const auto columns = static_cast<std::uint32_t>(spec.channels) * static_cast<std::uint32_t>(spec.taps);
    for (const std::uint32_t column : lists.columns) {
        if (column >= columns) return Status::format;
        const auto tap = static_cast<int>(column) % spec.taps;
        const auto channel = static_cast<int>(column) / spec.taps;
        if (channel % spec.depth != 0 || channel + spec.depth > spec.channels) return Status::format;
        const int at = spec.packing.lines > 0 ? channel % spec.packing.channels : channel;
        out.offsets.push_back(at / spec.input_block * spec.plane_step + at % spec.input_block + spec.tap_offset[tap]);
    }
    out.offsets.insert(out.offsets.end(), kOffsetsAhead, 0);
    std::size_t used = 0;
    for (const std::uint32_t list : lists.list_of) {
        out.first_weight.push_back(static_cast<std::uint32_t>(used));
        used += static_cast<std::size_t>(lists.length(list)) * static_cast<std::size_t>(spec.rows * spec.depth);
    }
    if (used != weights.count) return Status::format;
    for (const std::int32_t row : out.rows) {
        out.bias.push_back(row < 0 ? 0.0f : bias.floats()[static_cast<std::size_t>(row)]);
    }
    out.view.groups = static_cast<int>(lists.list_of.size()) / spec.lists;
    out.view.channel_blocks = (spec.channels + spec.channel_block - 1) / spec.channel_block;
    if (bound(spec, lists, out) != Status::ok) return Status::format;
    share_out(spec, lists, pieces, out);
    if (spec.packing.lines > 0) {
        const float* stored = out.weights.empty() ? weights.floats() : out.weights.data();
        if (in_order(spec, stored, bias.floats(), out) != Status::ok) return Status::format;
    }
    Indexed& view = out.view;
    view.spec = &spec;
    if (spec.half) {
        view.halves = weights.halves();
    } else {
        view.weights = out.weights.empty() ? weights.floats() : out.weights.data();
    }
    view.bias = out.bias.data();
    view.rows = out.rows.data();
    view.offsets = out.offsets.data();
    view.places = out.places.data();
    view.bounds = out.bounds.data();
    view.first_weight = out.first_weight.data();
    view.cut = out.cut.data();
    view.pieces = pieces;
    return Status::ok;
}

Status prepare(const DepthwiseSpec& spec, const Weights& file, Depthwise& out) {
    const auto first = static_cast<std::size_t>(spec.first_section);
    const Section &weights = file[first], &bias = file[first + 1];
    const auto lanes = static_cast<std::size_t>((spec.channels + spec.lanes - 1) / spec.lanes * spec.lanes);
    if (weights.type != Type::f32 || bias.type != Type::f32) return Status::format;
    if (bias.count != lanes || weights.count != lanes * static_cast<std::size_t>(spec.taps)) return Status::format;
    out = {&spec, weights.floats(), bias.floats()};
    return Status::ok;
}

}  // namespace NPAS_NAMESPACE
