// The weights file: a header, a table of sections, the sections. Untrusted: whatever is wrong with it becomes
// a Status, never undefined behaviour.
//
//   header   "NPASWTS1", u32 version, u32 sections, u64 fingerprint of the plan, u64 hash of all that follows
//   table    per section: u32 type, u32 zero, u64 elements, u64 offset from the start of the file
//   sections each at a multiple of 64 bytes
//
// All numbers are little-endian.
//
// The file is mapped where the system can, so it must be left as it is while a model uses it: a file that is cut short
// or rewritten under a mapping cannot be defended against. Replace it by renaming a new one over it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "npas/config.h"
#include "npas/memory.h"
#include "npas/status.h"

namespace NPAS_NAMESPACE {

enum class Type : std::uint32_t { f32 = 0, u16 = 1, u32 = 2, f16 = 3 };

struct Section {
    Type type;
    std::size_t count;
    const unsigned char* data;

    // Element i of an index section, of either width.
    std::uint32_t index(std::size_t i) const;
    const float* floats() const { return reinterpret_cast<const float*>(data); }
    const std::uint16_t* halves() const { return reinterpret_cast<const std::uint16_t*>(data); }
};

class Weights {
  public:
    // Maps or copies, and checks everything that can be checked without knowing the layers.
    static Status read(const char* path, std::uint64_t fingerprint, std::size_t sections, Weights& out);
    static Status parse(const void* bytes, std::size_t size, std::uint64_t fingerprint, std::size_t sections,
                        Weights& out);

    const Section& operator[](std::size_t i) const { return sections_[i]; }

    // Gives back the memory of `count` sections from `first` on, whose contents nobody reads again.
    void discard(std::size_t first, std::size_t count = 1);

  private:
    Status adopt(std::size_t size, std::uint64_t fingerprint, std::size_t sections);
    void move_to(Buffer bytes, std::size_t size);

    Buffer bytes_;
    std::unique_ptr<Section[]> sections_;
    std::size_t section_count_ = 0;
};

// FNV-1a over 64-bit words: rows of 1024 words each go into a hash of their own by column, then those hashes, the words
// that fill no row and the bytes that fill no word go into one. Finds every flipped bit, and is not a signature.
std::uint64_t hash_bytes(const unsigned char* p, std::size_t size);

}  // namespace NPAS_NAMESPACE
