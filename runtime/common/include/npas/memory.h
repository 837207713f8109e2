// Memory of a model: blocks of its own, and files mapped in place of such a block.
#pragma once

#include <cstddef>
#include <memory>

#include "npas/config.h"

namespace NPAS_NAMESPACE {

// 64-byte aligned, at least one byte, in large pages where there are; null where there is no memory.
void* allocate(std::size_t bytes);
void release(void* p);

struct Free {
    std::size_t mapped = 0;  // bytes of a mapped file, or 0 for a block from `allocate`

    void operator()(unsigned char* p) const;
};

using Buffer = std::unique_ptr<unsigned char, Free>;

// A file to read only, and its size. Null where the system does not map it: not a plain file, an empty one, a file
// system that cannot.
Buffer map_file(const char* path, std::size_t& size);

// Whether most of a mapped file, read once, lies in large pages: the file system decides.
bool in_large_pages(const Buffer& file, std::size_t size);

// Gives the pages inside a part of a buffer back to the system. What that part holds then is nobody's to know.
void give_back(const Buffer& buffer, const unsigned char* part, std::size_t bytes);

}  // namespace NPAS_NAMESPACE
