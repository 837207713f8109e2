#include "npas/formats.h"

#include <algorithm>

namespace NPAS_NAMESPACE {

namespace {

constexpr std::uint32_t kNoFilter = 0xffffffffu;

// A section of indices, not of weights.
bool holds_indices(const Section& s) { return s.type == Type::u16 || s.type == Type::u32; }

// start[0] = 0, never falling, ending at `total`.
bool partition(const Section& s, std::size_t total) {
    if (s.count == 0 || s.index(0) != 0 || s.index(s.count - 1) != total) return false;
    for (std::size_t i = 1; i < s.count; ++i) {
        if (s.index(i) < s.index(i - 1)) return false;
    }
    return true;
}

Status dense(const IndexedSpec& spec, Lists& lists) {
    if (spec.depth != 1) return Status::format;
    const int filters = spec.filters / spec.groups;
    const int columns = spec.channels / spec.groups * spec.taps;
    const int blocks = (filters + spec.rows - 1) / spec.rows;
    lists.start.push_back(0);
    for (int g = 0; g < spec.groups; ++g) {
        for (int k = 0; k < columns; ++k) lists.columns.push_back(static_cast<std::uint32_t>(g * columns + k));
        lists.start.push_back(static_cast<std::uint32_t>(lists.columns.size()));
        for (int b = 0; b < blocks; ++b) {
            lists.list_of.push_back(static_cast<std::uint32_t>(g));
            for (int r = 0; r < spec.rows; ++r) {
                const int row = b * spec.rows + r;
                lists.rows.push_back(row < filters ? g * filters + row : -1);
            }
        }
    }
    return Status::ok;
}

// Sections: row pointers, columns.
Status csr(const IndexedSpec& spec, const Weights& file, Lists& lists) {
    const auto first = static_cast<std::size_t>(spec.first_section);
    const Section &pointers = file[first + 2], &columns = file[first + 3];
    if (!holds_indices(pointers) || !holds_indices(columns)) return Status::format;
    if (spec.rows != 1 || spec.depth != 1 || pointers.count != static_cast<std::size_t>(spec.filters) + 1)
        return Status::format;
    if (!partition(pointers, columns.count)) return Status::format;
    for (std::size_t i = 0; i < columns.count; ++i) lists.columns.push_back(columns.index(i));
    for (std::size_t i = 0; i < pointers.count; ++i) lists.start.push_back(pointers.index(i));
    for (int f = 0; f < spec.filters; ++f) {
        lists.list_of.push_back(static_cast<std::uint32_t>(f));
        lists.rows.push_back(f);
    }
    return Status::ok;
}

// Sections: rows, list of each group, list starts, columns.
Status bcs(const IndexedSpec& spec, const Weights& file, Lists& lists) {
    const auto first = static_cast<std::size_t>(spec.first_section);
    const Section &rows = file[first + 2], &list_of = file[first + 3], &start = file[first + 4];
    const Section& columns = file[first + 5];
    for (const Section* s : {&rows, &list_of, &start, &columns}) {
        if (!holds_indices(*s)) return Status::format;
    }
    if (rows.count != list_of.count * static_cast<std::size_t>(spec.rows)) return Status::format;
    if (!partition(start, columns.count)) return Status::format;
    for (std::size_t i = 0; i < rows.count; ++i) {
        const std::uint32_t row = rows.index(i);
        if (row != kNoFilter && row >= static_cast<std::uint32_t>(spec.filters)) return Status::format;
        lists.rows.push_back(row == kNoFilter ? -1 : static_cast<std::int32_t>(row));
    }
    for (std::size_t i = 0; i < list_of.count; ++i) {
        if (list_of.index(i) >= start.count - 1) return Status::format;
        lists.list_of.push_back(list_of.index(i));
    }
    for (std::size_t i = 0; i < start.count; ++i) lists.start.push_back(start.index(i));
    for (std::size_t i = 0; i < columns.count; ++i) lists.columns.push_back(columns.index(i));
    return Status::ok;
}

// One kept 3x3 kernel of a filter in fkw: `place` counts the kernels of the whole layer.
struct Kernel {
    std::uint32_t channel;
    std::size_t pattern, place;
};

// The kernels of one filter, stored by pattern, in order of their input channel, which is the order of memory.
bool kernels_of(std::size_t begin, std::size_t end, std::size_t row, std::size_t patterns, const Section& index,
                const Section& stride, std::vector<Kernel>& out) {
    if (stride.index(row) != 0 || stride.index(row + patterns) != end - begin) return false;
    for (std::size_t p = 0; p < patterns; ++p) {
        if (stride.index(row + p + 1) < stride.index(row + p) || stride.index(row + p + 1) > end - begin) return false;
        for (std::size_t k = stride.index(row + p); k < stride.index(row + p + 1); ++k) {
            out.push_back({index.index(begin + k), p, begin + k});
        }
    }
    std::sort(out.begin(), out.end(), [](const Kernel& a, const Kernel& b) { return a.channel < b.channel; });
    return true;
}

// Sections (PatDNN): offset, reorder, index, stride, and the patterns' taps, four each.
Status fkw(const IndexedSpec& spec, const Weights& file, Lists& lists) {
    const auto first = static_cast<std::size_t>(spec.first_section);
    const Section &offset = file[first + 2], &reorder = file[first + 3], &index = file[first + 4];
    const Section &stride = file[first + 5], &taps = file[first + 6];
    const auto filters = static_cast<std::size_t>(spec.filters);
    const std::size_t patterns = taps.count / 4;
    for (const Section* s : {&offset, &reorder, &index, &stride, &taps}) {
        if (!holds_indices(*s)) return Status::format;
    }
    if (spec.rows != 1 || spec.depth != 1 || offset.count != filters + 1 || reorder.count != filters)
        return Status::format;
    if (taps.count != 4 * patterns) return Status::format;
    if (!partition(offset, index.count) || stride.count != filters * (patterns + 1)) return Status::format;
    for (std::size_t i = 0; i < taps.count; ++i) {
        if (taps.index(i) >= static_cast<std::uint32_t>(spec.taps)) return Status::format;
    }
    for (std::size_t i = 0; i < index.count; ++i) {  // before a channel times the taps could wrap around
        if (index.index(i) >= static_cast<std::uint32_t>(spec.channels)) return Status::format;
    }
    const float* stored = file[first].floats();
    if (file[first].count != 4 * index.count) return Status::format;
    lists.start.push_back(0);
    for (std::size_t f = 0; f < filters; ++f) {
        std::vector<Kernel> kernels;
        if (!kernels_of(offset.index(f), offset.index(f + 1), f * (patterns + 1), patterns, index, stride, kernels)) {
            return Status::format;
        }
        for (const Kernel& kernel : kernels) {
            for (std::size_t t = 0; t < 4; ++t) {
                const std::uint32_t tap = taps.index(4 * kernel.pattern + t);
                lists.columns.push_back(kernel.channel * static_cast<std::uint32_t>(spec.taps) + tap);
                lists.weights.push_back(stored[4 * kernel.place + t]);
            }
        }
        lists.start.push_back(static_cast<std::uint32_t>(lists.columns.size()));
        lists.list_of.push_back(static_cast<std::uint32_t>(f));
        if (reorder.index(f) >= static_cast<std::uint32_t>(spec.filters)) return Status::format;
        lists.rows.push_back(static_cast<std::int32_t>(reorder.index(f)));
    }
    return Status::ok;
}

}  // namespace

Status decode(const IndexedSpec& spec, const Weights& file, Lists& lists) {
    switch (spec.format) {
        case Format::dense: return dense(spec, lists);
        case Format::csr: return csr(spec, file, lists);
        case Format::bcs: return bcs(spec, file, lists);
        case Format::fkw: return fkw(spec, file, lists);
    }
    return Status::format;
}

std::size_t index_sections(Format format) {
    switch (format) {
        case Format::dense: return 0;
        case Format::csr: return 2;
        case Format::bcs: return 4;
        case Format::fkw: return 5;
    }
    return 0;
}

}  // namespace NPAS_NAMESPACE
