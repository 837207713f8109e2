#include "npas/files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "npas/weights.h"

namespace NPAS_NAMESPACE {

namespace {

constexpr std::size_t kHashBytes = sizeof(std::uint64_t);

// The folder and those above it. Nobody else may write to it: who can write a binary runs code.
bool make_folders(const std::string& path) {
    for (std::size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1)) {
        mkdir(path.substr(0, end).c_str(), 0700);
    }
    mkdir(path.c_str(), 0700);
    struct stat facts;
    return lstat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode) && facts.st_uid == geteuid() &&
           (facts.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

std::string folder() {
    if (const char* chosen = std::getenv("NPAS_OPENCL_CACHE")) return chosen;
    if (const char* base = std::getenv("XDG_CACHE_HOME")) {
        if (*base == '/') return std::string(base) + "/npas/opencl";
    }
    const char* home = std::getenv("HOME");
    return home != nullptr && *home == '/' ? std::string(home) + "/.cache/npas/opencl" : "";
}

// Two hashes of 64 bits, of the text and of its reverse: what is kept is found by its name alone.
std::string name_of(const std::string& text) {
    const std::string back(text.rbegin(), text.rend());
    char name[40];
    const auto hash = [](const std::string& s) {
        return static_cast<unsigned long long>(hash_bytes(reinterpret_cast<const unsigned char*>(s.data()), s.size()));
    };
    std::snprintf(name, sizeof name, "%016llx%016llx", hash(text), hash(back));
    return name;
}

}  // namespace

std::string cached_file(const std::string& text) {
    const std::string place = folder();
    return place.empty() || !make_folders(place) ? "" : place + "/" + name_of(text);
}

std::vector<unsigned char> read_file(const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (file == nullptr) return {};
    std::vector<unsigned char> bytes;
    unsigned char part[65536];
    for (std::size_t count; (count = std::fread(part, 1, sizeof part, file)) > 0;) {
        bytes.insert(bytes.end(), part, part + count);
    }
    std::fclose(file);
    if (bytes.size() <= kHashBytes) return {};
    std::uint64_t hash = 0;
    std::memcpy(&hash, bytes.data() + bytes.size() - kHashBytes, kHashBytes);
    bytes.resize(bytes.size() - kHashBytes);
    if (hash_bytes(bytes.data(), bytes.size()) != hash) return {};
    return bytes;
}

void write_file(const std::string& path, const std::vector<unsigned char>& bytes) {
    std::string stage = path + ".XXXXXX";  // a file of its own for every thread of every process
    const int descriptor = mkstemp(&stage[0]);
    if (descriptor < 0) return;
    std::FILE* file = fdopen(descriptor, "wb");
    if (file == nullptr) {
        close(descriptor);
        std::remove(stage.c_str());
        return;
    }
    const std::uint64_t hash = hash_bytes(bytes.data(), bytes.size());
    const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size() &&
                         std::fwrite(&hash, kHashBytes, 1, file) == 1;
    if (std::fclose(file) != 0 || !written || std::rename(stage.c_str(), path.c_str()) != 0) {
        std::remove(stage.c_str());
    }
}

}  // namespace NPAS_NAMESPACE
