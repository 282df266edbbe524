// Asks for memory before it is needed: rows of a large matrix that lie anywhere in it.
#pragma once

#include "nncpp/tensor.hpp"

namespace nncpp {

template <typename T>
void prefetch(const T* data, Index count) {
#if defined(__GNUC__)
  for (const T* end = data + count; data < end; data += kAlignment / sizeof(T)) __builtin_prefetch(data);
#endif
}

}  // namespace nncpp
