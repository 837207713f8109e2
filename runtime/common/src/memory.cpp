#include "npas/memory.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>

#if defined(__unix__) || defined(__APPLE__)
#define NPAS_MAPS_FILES
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace NPAS_NAMESPACE {

namespace {

constexpr std::size_t kAlignment = 64, kLargePage = std::size_t{2} << 20;

struct Close {
    void operator()(std::FILE* f) const { std::fclose(f); }
};

}  // namespace

void* allocate(std::size_t bytes) {
    if (bytes > static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max())) return nullptr;
    const std::size_t alignment = bytes < kLargePage ? kAlignment : kLargePage;
    const std::size_t rounded = (bytes + alignment) / alignment * alignment;
    void* p = std::aligned_alloc(alignment, rounded);
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    // Weights are read from end to end: with small pages the hardware stops fetching ahead every 4 KiB. Where the
    // system has no large ones to give, nothing is lost.
    if (p != nullptr && alignment == kLargePage) (void)madvise(p, rounded, MADV_HUGEPAGE);
#endif
    return p;
}

void release(void* p) { std::free(p); }

void Free::operator()(unsigned char* p) const {
#if defined(NPAS_MAPS_FILES)
    if (mapped != 0) {
        ::munmap(p, mapped);
        return;
    }
#endif
    release(p);
}

Buffer map_file(const char* path, std::size_t& size) {
#if defined(NPAS_MAPS_FILES)
    struct stat facts;
    // Asked before it is opened: to open and leave a pipe would break it.
    if (::stat(path, &facts) != 0 || !S_ISREG(facts.st_mode)) return Buffer();
    const int file = ::open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return Buffer();
    void* p = MAP_FAILED;
    if (::fstat(file, &facts) == 0 && facts.st_size > 0 &&
        static_cast<std::uintmax_t>(facts.st_size) <= std::numeric_limits<std::size_t>::max()) {
        size = static_cast<std::size_t>(facts.st_size);
        p = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    }
    ::close(file);
    if (p == MAP_FAILED) return Buffer();
#if defined(MADV_HUGEPAGE)
    (void)::madvise(p, size, MADV_HUGEPAGE);  // what is not in memory yet is then read in large pages
#endif
    return Buffer(static_cast<unsigned char*>(p), Free{size});
#else
    (void)path, (void)size;
    return Buffer();
#endif
}

bool in_large_pages(const Buffer& file, std::size_t size) {
#if defined(__linux__)
    const auto address = reinterpret_cast<std::uintptr_t>(file.get());
    const std::unique_ptr<std::FILE, Close> maps(std::fopen("/proc/self/smaps", "r"));
    char line[512];
    bool here = false;
    while (maps && std::fgets(line, sizeof line, maps.get()) != nullptr) {
        unsigned long long begin = 0, end = 0, kilobytes = 0;
        if (std::sscanf(line, "%llx-%llx", &begin, &end) == 2) {
            here = begin <= address && address < end;
        } else if (here && std::sscanf(line, "FilePmdMapped: %llu", &kilobytes) == 1) {
            return kilobytes * 1024 >= size / 2;
        }
    }
    return false;
#else
    (void)file, (void)size;
    return true;
#endif
}

void give_back(const Buffer& buffer, const unsigned char* part, std::size_t bytes) {
#if defined(__linux__)
    // A block of ours keeps the large pages that lie in it half: what is around the part is still read from them.
    const std::size_t page =
        buffer.get_deleter().mapped != 0 ? static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) : kLargePage;
    const auto address = reinterpret_cast<std::uintptr_t>(part);
    const std::uintptr_t begin = (address + page - 1) / page * page, end = (address + bytes) / page * page;
    if (begin < end) (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
#else
    (void)buffer, (void)part, (void)bytes;
#endif
}

}  // namespace NPAS_NAMESPACE
