#include "npas/opencl.h"

#include <dlfcn.h>

#include <cstdlib>

namespace NPAS_NAMESPACE {

namespace {

// Vendors' own libraries answer to these functions too, without a loader between.
constexpr const char* kNames[] = {
    "libOpenCL.so.1",
    "libOpenCL.so",
    "/System/Library/Frameworks/OpenCL.framework/OpenCL",
    "/vendor/lib64/libOpenCL.so",
    "/vendor/lib64/egl/libGLES_mali.so",
    "/vendor/lib64/libPVROCL.so",
    "/system/vendor/lib64/libOpenCL.so",
    "/system/vendor/lib64/egl/libGLES_mali.so",
    "/system/vendor/lib64/libPVROCL.so",
    "/system/lib64/libOpenCL.so",
    "/vendor/lib/libOpenCL.so",
    "/vendor/lib/egl/libGLES_mali.so",
    "/vendor/lib/libPVROCL.so",
    "/system/vendor/lib/libOpenCL.so",
    "/system/vendor/lib/egl/libGLES_mali.so",
    "/system/lib/libOpenCL.so",
};

template <class Function>
bool find(void* library, const char* name, Function*& out) {
    void* symbol = dlsym(library, name);
    out = reinterpret_cast<Function*>(symbol);
    return symbol != nullptr;
}

// All functions, or false and the name of one that is missing.
bool bind(void* library, OpenCl& cl, std::string& missing) {
#define NPAS_BIND(result, name, arguments) \
    if (!find(library, #name, cl.name)) {  \
        missing = #name;                   \
        return false;                      \
    }
    NPAS_OPENCL_FUNCTIONS(NPAS_BIND)
#undef NPAS_BIND
    return true;
}

bool load(const char* path, OpenCl& cl, std::string& why) {
    void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        const char* said = dlerror();
        why += std::string(why.empty() ? "" : "; ") + (said != nullptr ? said : path);
        return false;
    }
    std::string missing;
    if (bind(library, cl, missing)) return true;
    why += std::string(why.empty() ? "" : "; ") + path + " has no " + missing;
    dlclose(library);
    return false;
}

}  // namespace

const OpenCl* load_opencl(std::string& why) {
    struct Found {
        OpenCl cl;
        bool loaded = false;
        std::string why;
    };
    static const Found found = [] {
        Found f;
        const char* chosen = std::getenv("NPAS_OPENCL_LIBRARY");
        if (chosen != nullptr && *chosen != '\0') {
            f.loaded = load(chosen, f.cl, f.why);
            return f;
        }
        for (const char* name : kNames) {
            std::string said;
            if (load(name, f.cl, said)) {
                f.loaded = true;
                return f;
            }
            if (f.why.empty()) f.why = said;  // the usual name's is the telling one
        }
        return f;
    }();
    why = found.why;
    return found.loaded ? &found.cl : nullptr;
}

}  // namespace NPAS_NAMESPACE
