#include "npas/weights.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

namespace NPAS_NAMESPACE {

namespace {

constexpr char kMagic[8] = {'N', 'P', 'A', 'S', 'W', 'T', 'S', '1'};
constexpr std::uint32_t kVersion = 2;
constexpr std::size_t kAlignment = 64, kLargePage = std::size_t{2} << 20;
constexpr std::size_t kHashes = 1024;

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

std::size_t width(std::uint32_t type) {
    return type == static_cast<std::uint32_t>(Type::u16) || type == static_cast<std::uint32_t>(Type::f16) ? 2 : 4;
}

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) { return (hash ^ word) * 1099511628211ull; }

std::uint64_t word_at(const unsigned char* p) {
    std::uint64_t word;
    std::memcpy(&word, p, sizeof word);
    return word;
}

// Where a file cannot be mapped.
Status read_file(const char* path, Buffer& bytes, std::size_t& size) {
    const std::unique_ptr<std::FILE, Close> file(std::fopen(path, "rb"));
    if (!file || std::fseek(file.get(), 0, SEEK_END) != 0) return Status::file;
    const long end = std::ftell(file.get());
    if (end < 0 || end == std::numeric_limits<long>::max() ||  // the latter for a folder
        std::fseek(file.get(), 0, SEEK_SET) != 0)
        return Status::file;
    size = static_cast<std::size_t>(end);
    bytes = Buffer(static_cast<unsigned char*>(allocate(size)));
    if (!bytes) return Status::memory;
    return std::fread(bytes.get(), 1, size, file.get()) == size ? Status::ok : Status::file;
}

}  // namespace

std::uint64_t hash_bytes(const unsigned char* p, std::size_t size) {
    constexpr std::uint64_t kStart = 14695981039346656037ull;
    std::uint64_t hashes[kHashes];
    std::fill_n(hashes, kHashes, kStart);
    const unsigned char* end = p + size;
    for (; static_cast<std::size_t>(end - p) >= sizeof hashes; p += sizeof hashes) {
        for (std::size_t i = 0; i < kHashes; ++i) hashes[i] = mix(hashes[i], word_at(p + 8 * i));
    }
    std::uint64_t hash = kStart;
    for (const std::uint64_t column : hashes) hash = mix(hash, column);
    for (; end - p >= 8; p += 8) hash = mix(hash, word_at(p));
    for (; p < end; ++p) hash = mix(hash, *p);
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
    section_count_ = sections;
    for (std::size_t i = 0; i < sections; ++i) {
        Entry entry;
        std::memcpy(&entry, bytes_.get() + sizeof header + i * sizeof entry, sizeof entry);
        if (entry.type > static_cast<std::uint32_t>(Type::f16) || entry.offset > size || entry.offset % kAlignment != 0)
            return Status::format;
        if (entry.count > (size - entry.offset) / width(entry.type)) return Status::format;
        sections_[i] = {static_cast<Type>(entry.type), entry.count, bytes_.get() + entry.offset};
    }
    return Status::ok;
}

Status Weights::parse(const void* bytes, std::size_t size, std::uint64_t fingerprint, std::size_t sections,
                      Weights& out) {
    out.bytes_ = Buffer(static_cast<unsigned char*>(allocate(size)));
    if (!out.bytes_) return Status::memory;
    std::memcpy(out.bytes_.get(), bytes, size);
    return out.adopt(size, fingerprint, sections);
}

Status Weights::read(const char* path, std::uint64_t fingerprint, std::size_t sections, Weights& out) {
    std::size_t size = 0;
    out.bytes_ = map_file(path, size);
    if (out.bytes_) {
        const Status status = out.adopt(size, fingerprint, sections);
        // Small pages cost a network that is bound by its weights' bandwidth several percent in every inference.
        if (status == Status::ok && size >= kLargePage && !in_large_pages(out.bytes_, size)) {
            out.move_to(Buffer(static_cast<unsigned char*>(allocate(size))), size);
        }
        return status;
    }
    const Status status = read_file(path, out.bytes_, size);
    return status == Status::ok ? out.adopt(size, fingerprint, sections) : status;
}

void Weights::move_to(Buffer bytes, std::size_t size) {
    if (!bytes) return;
    for (std::size_t at = 0; at < size; at += kLargePage) {  // never all of it twice
        const std::size_t part = std::min(kLargePage, size - at);
        std::memcpy(bytes.get() + at, bytes_.get() + at, part);
        give_back(bytes_, bytes_.get() + at, part);
    }
    for (std::size_t i = 0; i < section_count_; ++i) {
        sections_[i].data = bytes.get() + (sections_[i].data - bytes_.get());
    }
    bytes_ = std::move(bytes);
}

void Weights::discard(std::size_t first, std::size_t count) {
    for (std::size_t i = first; i < first + count; ++i) {
        give_back(bytes_, sections_[i].data, sections_[i].count * width(static_cast<std::uint32_t>(sections_[i].type)));
    }
}

}  // namespace NPAS_NAMESPACE
