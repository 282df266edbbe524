// Parameters: one flat vector theta; segments say which piece of it is what.
// Gradients and optimizer moments are vectors of the same layout.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nncpp/random.hpp"
#include "nncpp/tensor.hpp"

namespace nncpp {

// kStream: state of the streams that a batch's rows are, which begins at its first values with each epoch.
enum class SegmentKind { kWeight, kBias, kState, kStream };

// How the first values of a segment come about; fan_in and fan_out are the layer's business.
//   normal: N(a, b^2)   uniform: U(a, b)   constant: a
//   glorot_*: variance 2 / (fan_in + fan_out) [Glorot, Bengio 2010]   he_*: 2 / fan_in [He et al. 2015]
//   lecun_normal: 1 / fan_in [LeCun et al. 1998]
//   orthogonal: a times Q of the QR of a normal (rows, columns) matrix, sign-fixed [Saxe et al. 2014]
//   identity: 1 on the diagonal of a matrix, 0 elsewhere; for state
struct Initializer {
  enum class Kind {
    kConstant,
    kNormal,
    kUniform,
    kGlorotUniform,
    kGlorotNormal,
    kHeUniform,
    kHeNormal,
    kLecunNormal,
    kOrthogonal,
    kIdentity
  };
  Kind kind = Kind::kConstant;
  double a = 0.0, b = 0.0;
};

// What a layer asks for: one array of parameters or of state.
struct SegmentSpec {
  std::string name;
  Shape shape;
  SegmentKind kind = SegmentKind::kWeight;
  Initializer initializer;
  Index fan_in = 1, fan_out = 1;
  bool is_trainable = true;
  Index num_blocks = 1;  // of columns; an orthogonal initializer makes each on its own
};

// Where it lies: elements offset ... offset + numel(shape) - 1 of the flat vector; offset is a whole cache line.
struct Segment {
  std::string name;  // "dense_1/weight"
  Shape shape;
  Index offset = 0;
  SegmentKind kind = SegmentKind::kWeight;
  SegmentSpec spec;
  bool is_row_sparse = false;  // its gradient is 0 but in a few of its rows: spec.shape[0] of them
};

// values (numel(shape)) from the key alone; computed in double, then rounded to T
template <typename T>
void initialize(const SegmentSpec& spec, const RandomKey& key, T* values);

template <typename T>
Tensor<T> view(const Segment& segment, T* flat) {
  return {flat + segment.offset, segment.shape};
}

}  // namespace nncpp
