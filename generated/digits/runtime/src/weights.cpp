#include "npas/weights.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace NPAS_NAMESPACE {

namespace {

constexpr char kMagic[8] = {'N', 'P', 'A', 'S', 'W', 'T', 'S', '1'};
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kAlignment = 64, kHugePage = std::size_t{2} << 20;

struct Header {
    char magic[8];
    std::uint32_t version, sections;
    std::uint64_t fingerprint, hash;
};

struct Entry {
    std::uint32_t type, zero;
    std::uint64_t count, offset;
};

struct Close {
    void operator()(std::FILE* f) const { std::fclose(f); }
};

std::size_t width(std::uint32_t type) { return type == static_cast<std::uint32_t>(Type::u16) ? 2 : 4; }

}  // namespace

const char* status_text(Status status) {
    switch (status) {
        case Status::ok: return "ok";
        case Status::argument: return "a null pointer or a number out of range";
        case Status::file: return "the weights file cannot be read";
        case Status::format: return "not a weights file, truncated, or an index out of bounds";
        case Status::corrupt: return "the weights' hash differs";
        case Status::other_model: return "the weights of another build";
        case Status::memory: return "no memory or no threads";
    }
    return "unknown status";
}

void* allocate(std::size_t bytes) {
    if (bytes > static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max())) return nullptr;
    const std::size_t alignment = bytes < kHugePage ? kAlignment : kHugePage;
    const std::size_t rounded = (bytes + alignment) / alignment * alignment;
    void* p = std::aligned_alloc(alignment, rounded);
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    // Weights are read from end to end: with small pages the hardware stops fetching ahead every 4 KiB. Where the
    // system has no large ones to give, nothing is lost.
    if (p != nullptr && alignment == kHugePage) (void)madvise(p, rounded, MADV_HUGEPAGE);
#endif
    return p;
}

void release(void* p) { std::free(p); }

std::uint64_t hash_bytes(const unsigned char* p, std::size_t size) {
    std::uint64_t hash = 14695981039346656037ull;
    const auto mix = [&](std::uint64_t word) { hash = (hash ^ word) * 1099511628211ull; };
    std::size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        std::uint64_t word;
        std::memcpy(&word, p + i, 8);
        mix(word);
    }
    for (; i < size; ++i) mix(p[i]);
    return hash;
}

std::uint32_t Section::index(std::size_t i) const {
    if (type == Type::u16) {
        std::uint16_t v;
        std::memcpy(&v, data + 2 * i, sizeof v);
        return v;
    }
    std::uint32_t v;
    std::memcpy(&v, data + 4 * i, sizeof v);
    return v;
}

void Free::operator()(unsigned char* p) const { release(p); }

Status Weights::adopt(std::size_t size, std::uint64_t fingerprint, std::size_t sections) {
    Header header;
    if (size < sizeof header) return Status::format;
    std::memcpy(&header, bytes_.get(), sizeof header);
    if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0 || header.version != kVersion) return Status::format;
    if (hash_bytes(bytes_.get() + sizeof header, size - sizeof header) != header.hash) return Status::corrupt;
    if (header.fingerprint != fingerprint || header.sections != sections) return Status::other_model;
    if ((size - sizeof header) / sizeof(Entry) < sections) return Status::format;
    sections_.reset(new (std::nothrow) Section[sections]);
    if (!sections_) return Status::memory;
    for (std::size_t i = 0; i < sections; ++i) {
        Entry entry;
        std::memcpy(&entry, bytes_.get() + sizeof header + i * sizeof entry, sizeof entry);
        if (entry.type > 2 || entry.offset > size || entry.offset % kAlignment != 0) return Status::format;
        if (entry.count > (size - entry.offset) / width(entry.type)) return Status::format;
        sections_[i] = {static_cast<Type>(entry.type), entry.count, bytes_.get() + entry.offset};
    }
    return Status::ok;
}

Status Weights::parse(const void* bytes, std::size_t size, std::uint64_t fingerprint, std::size_t sections,
                      Weights& out) {
    out.bytes_.reset(static_cast<unsigned char*>(allocate(size)));
    if (!out.bytes_) return Status::memory;
    std::memcpy(out.bytes_.get(), bytes, size);
    return out.adopt(size, fingerprint, sections);
}

Status Weights::read(const char* path, std::uint64_t fingerprint, std::size_t sections, Weights& out) {
    const std::unique_ptr<std::FILE, Close> file(std::fopen(path, "rb"));
    if (!file || std::fseek(file.get(), 0, SEEK_END) != 0) return Status::file;
    const long end = std::ftell(file.get());
    if (end < 0 || end == std::numeric_limits<long>::max() ||  // the latter for a folder
        std::fseek(file.get(), 0, SEEK_SET) != 0)
        return Status::file;
    const auto size = static_cast<std::size_t>(end);
    out.bytes_.reset(static_cast<unsigned char*>(allocate(size)));
    if (!out.bytes_) return Status::memory;
    if (std::fread(out.bytes_.get(), 1, size, file.get()) != size) return Status::file;
    return out.adopt(size, fingerprint, sections);
}

}  // namespace NPAS_NAMESPACE
