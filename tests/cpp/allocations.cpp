#include "allocations.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <new>

namespace {
std::atomic<long> count{0};
}

long nncpp::testing::num_allocations() { return count; }

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)

// All of malloc, so that Eigen's and the OpenMP runtime's requests are seen too; operator new ends here as well.
#pragma GCC visibility push(default)  // the libraries are to find these
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) noexcept {
  ++count;
  return __libc_malloc(size);
}
void* calloc(std::size_t number, std::size_t size) noexcept {
  ++count;
  return __libc_calloc(number, size);
}
void* realloc(void* old, std::size_t size) noexcept {
  ++count;
  return __libc_realloc(old, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  ++count;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** to, std::size_t alignment, std::size_t size) noexcept {
  ++count;
  *to = __libc_memalign(alignment, size);
  return *to == nullptr ? ENOMEM : 0;
}
}
#pragma GCC visibility pop

#else

namespace {
void* request(std::size_t size, std::size_t alignment) noexcept {
  ++count;
  void* memory = nullptr;
  const std::size_t least = alignment < sizeof(void*) ? sizeof(void*) : alignment;
  return posix_memalign(&memory, least, size == 0 ? 1 : size) == 0 ? memory : nullptr;
}
void* require(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
constexpr std::size_t kDefault = __STDCPP_DEFAULT_NEW_ALIGNMENT__;
}  // namespace

void* operator new(std::size_t size) { return require(request(size, kDefault)); }
void* operator new[](std::size_t size) { return require(request(size, kDefault)); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return request(size, kDefault); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return request(size, kDefault); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return require(request(size, static_cast<std::size_t>(alignment)));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return require(request(size, static_cast<std::size_t>(alignment)));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

#endif
