#include "nncpp/tensor.hpp"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace nncpp {

#if defined(__linux__)
void prefer_large_pages(void* data, std::size_t bytes) { madvise(data, bytes, MADV_HUGEPAGE); }
#else
void prefer_large_pages(void*, std::size_t) {}
#endif

}  // namespace nncpp
