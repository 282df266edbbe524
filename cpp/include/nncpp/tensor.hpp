// Tensor: a view (pointer and shape, row-major, no stride). Buffer: aligned memory that somebody owns. Here and
// everywhere T is float, double, or Dual where nothing is trained.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>

#include "nncpp/dual.hpp"
#include "nncpp/shape.hpp"

namespace nncpp {

inline constexpr std::size_t kAlignment = 64;  // one cache line, one AVX-512 register

template <typename T>
struct Tensor {
  T* data = nullptr;
  Shape shape;

  Index size() const { return numel(shape); }
  // every axis but the last taken together: a (N, T, D) tensor is N T rows of D columns
  Index rows() const { return shape.rank() == 0 ? 1 : size() / (shape.back() == 0 ? 1 : shape.back()); }
  Index columns() const { return shape.rank() == 0 ? 1 : shape.back(); }
  T* begin() const { return data; }
  T* end() const { return data + size(); }
  operator Tensor<const T>() const { return {data, shape}; }
};

// elements of T rounded up to whole cache lines
template <typename T>
constexpr Index padded(Index count) {
  constexpr Index line = kAlignment / sizeof(T) > 0 ? kAlignment / sizeof(T) : 1;
  return (count + line - 1) / line * line;
}

// Asks for pages of 2 MiB where the system leaves that to the program: a large arena is touched for the first time in a
// third of the time, and its addresses are looked up faster.
void prefer_large_pages(void* data, std::size_t bytes);

// ensures: aligned to kAlignment, padded to whole cache lines; zero-filled unless asked for otherwise
template <typename T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(Index count) : Buffer(count, true) {}
  // for who writes all that it reads
  static Buffer uninitialized(Index count) { return {count, false}; }

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  Index size() const { return size_; }

 private:
  static constexpr std::size_t kLargePage = std::size_t{1} << 21;
  struct Release {
    std::align_val_t alignment{kAlignment};
    void operator()(T* data) const { ::operator delete(data, alignment); }
  };

  Buffer(Index count, bool is_zero) : size_(count) {
    const auto bytes = static_cast<std::size_t>(padded<T>(count)) * sizeof(T);
    if (bytes == 0) return;
    const bool is_large = bytes >= 2 * kLargePage;
    const Release release{std::align_val_t{is_large ? kLargePage : kAlignment}};
    data_ = {static_cast<T*>(::operator new(bytes, release.alignment)), release};
    if (is_large) prefer_large_pages(data_.get(), bytes);
    if (is_zero) std::memset(static_cast<void*>(data_.get()), 0, bytes);
  }

  std::unique_ptr<T, Release> data_;
  Index size_ = 0;
};

}  // namespace nncpp
