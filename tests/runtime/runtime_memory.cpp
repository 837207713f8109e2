// The weights file between disk and model: mapped or copied, in part given back.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "npas/memory.h"
#include "npas/weights.h"
#include "runtime_checks.h"

namespace {

constexpr std::size_t kSections = 3, kFloats = 800000;  // a section holds large pages and parts of some
constexpr std::uint64_t kFingerprint = 42;

template <typename T>
void put(std::vector<unsigned char>& file, std::size_t at, T value) {
    std::memcpy(file.data() + at, &value, sizeof value);
}

float content(std::size_t section, std::size_t i) { return static_cast<float>(section * kFloats + i); }

std::vector<unsigned char> weights_file() {
    const std::size_t start = 128, bytes = kFloats * sizeof(float);
    std::vector<unsigned char> file(start + kSections * bytes);
    std::memcpy(file.data(), "NPASWTS1", 8);
    put<std::uint32_t>(file, 8, 2);
    put<std::uint32_t>(file, 12, kSections);
    put(file, 16, kFingerprint);
    for (std::size_t s = 0; s < kSections; ++s) {
        put<std::uint64_t>(file, 32 + 24 * s + 8, kFloats);
        put<std::uint64_t>(file, 32 + 24 * s + 16, start + s * bytes);
        for (std::size_t i = 0; i < kFloats; ++i) put(file, start + s * bytes + i * sizeof(float), content(s, i));
    }
    put(file, 24, hash_bytes(file.data() + 32, file.size() - 32));
    return file;
}

void check_section(const Weights& weights, std::size_t s) {
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < kFloats; ++i) wrong += weights[s].floats()[i] != content(s, i);
    CHECK(weights[s].count == kFloats && wrong == 0);
}

void check_weights(Weights& weights) {
    for (std::size_t s = 0; s < kSections; ++s) check_section(weights, s);
    weights.discard(1);
    check_section(weights, 0);
    check_section(weights, 2);
    volatile float nobodys = weights[1].floats()[kFloats / 2];  // but there
    (void)nobodys;
}

// In a folder whose files lie on a disk, and in one whose files lie in memory, in small pages.
void test_file(const std::string& folder, const std::vector<unsigned char>& file) {
    const std::string path = folder + "/npas_runtime_unit.bin";
    std::FILE* out = std::fopen(path.c_str(), "wb");
    if (out == nullptr) return;
    const bool written = std::fwrite(file.data(), 1, file.size(), out) == file.size();
    if (std::fclose(out) == 0 && written) {
        std::size_t size = 0;
        const Buffer mapped = map_file(path.c_str(), size);
        CHECK(mapped && size == file.size() && std::memcmp(mapped.get(), file.data(), size) == 0);
        Weights weights;
        CHECK(Weights::read(path.c_str(), kFingerprint, kSections, weights) == Status::ok);
        std::remove(path.c_str());  // a mapping keeps its file
        check_weights(weights);
    }
    std::remove(path.c_str());
}

}  // namespace

void test_memory(const char* folder) {
    const std::vector<unsigned char> file = weights_file();
    for (const std::string where : {folder, "/dev/shm"}) test_file(where, file);
    Weights weights;
    CHECK(Weights::parse(file.data(), file.size(), kFingerprint, kSections, weights) == Status::ok);
    check_weights(weights);
    std::size_t size = 0;
    CHECK(!map_file("/dev/zero", size) && !map_file("/", size) && !map_file("/nowhere", size));
}
