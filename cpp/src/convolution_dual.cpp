// The same by the formula, for dual numbers.
#include "convolution.hpp"

namespace nncpp {

// f(z's number, u's, W's) of each product
template <>
template <typename F>
void Convolution<Dual>::for_products(Index N, F f) const {
  for (Index n = 0; n < N; ++n)
    for (Index y = 0; y < rows_.positions; ++y)
      for (Index x = 0; x < columns_.positions; ++x)
        for (Index i = 0; i < rows_.size; ++i)
          for (Index j = 0; j < columns_.size; ++j) {
            const Index row = y * rows_.stride + i * rows_.dilation - rows_.padding[0];
            const Index column = x * columns_.stride + j * columns_.dilation - columns_.padding[0];
            if (row < 0 || row >= image_.height || column < 0 || column >= image_.width) continue;
            const Index pixel = ((n * image_.height + row) * image_.width + column) * image_.channels;
            for (Index k = 0; k < filters_; ++k)
              for (Index c = 0; c < group_channels_; ++c)
                f(((n * rows_.positions + y) * columns_.positions + x) * filters_ + k,
                  pixel + k / group_filters_ * group_channels_ + c,
                  ((i * columns_.size + j) * group_channels_ + c) * filters_ + k);
          }
}

template <>
void Convolution<Dual>::forward(Index N, const Dual* u, const Dual* W, const Dual* b, Dual* z,
                                const Finish& finish) const {
  const Index count = N * pixels();
  for (Index i = 0; i < count * filters_; ++i) z[i] = b == nullptr ? Dual(0) : b[i % filters_];
  for_products(N, [&](Index q, Index p, Index w) { z[q] += u[p] * W[w]; });
  if (finish) finish(0, count);
}

template <>
Index Convolution<Dual>::memory(Index N) const {
  return N * pixels() * filters_;
}

template <>
void Convolution<Dual>::backward(Index N, const Dual* u, const Dual* W, const Slopes& slopes,
                                 const Gradients& gradients, Dual* scratch) const {
  const auto& [du, dW, db] = gradients;
  Buffer<Dual> room(scratch == nullptr ? memory(N) : 0);
  const Dual* const dz = slopes(0, N * pixels(), scratch == nullptr ? room.data() : scratch);
  for (const auto* gradient : {&du, &dW, &db})
    if (gradient->is_wanted() && gradient->write == Write::kAssign)
      std::fill(gradient->to.begin(), gradient->to.end(), Dual(0));
  for_products(N, [&](Index q, Index p, Index w) {
    if (du.is_wanted()) du.to.data[p] += dz[q] * W[w];
    if (dW.is_wanted()) dW.to.data[w] += dz[q] * u[p];
  });
  if (db.is_wanted())
    for (Index i = 0; i < N * pixels() * filters_; ++i) db.to.data[i % filters_] += dz[i];
}

}  // namespace nncpp
