// A packed kernel of our own on Eigen's packets: kRows rows of C by kVectors registers of columns stay in registers
// while k runs. Eigen's own product would add in an order that depends on the tile; this one never does.
#include "nncpp/linalg.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "nncpp/parallel.hpp"
#include "nncpp/tensor.hpp"
#include "pieces.hpp"
#include "simd.hpp"

namespace nncpp {
namespace {

#if defined(__AVX512F__)
constexpr int kRows = 8, kVectors = 3;  // 24 sums of 32 registers
#elif defined(__ARM_NEON)
constexpr int kRows = 6, kVectors = 4;
#else
constexpr int kRows = 4, kVectors = 3;  // 12 sums of 16 registers
#endif

constexpr int kRowVectors = 8;  // a single row: B is read once, so in long pieces

constexpr Index kBlockK = 352;    // k of one partial sum: a constant, because it decides the bits
constexpr Index kTasks = 8;       // as many as this where the product is large enough
constexpr Index kSmallA = 65536;  // elements of A that stay in the cache while panels go by
constexpr Index kTaskRows = 64;   // and no fewer rows of C than this in each

template <typename T>
constexpr Index kPanel = std::max(kVectors, kRowVectors) * simd::kLanes<T>;  // columns of B that are packed at once

// A thread's room for one packed panel of B. Fixed size: a step never allocates.
alignas(kAlignment) thread_local std::byte packed_b[kPanel<double> * kBlockK * sizeof(double)];
static_assert(kPanel<float> * sizeof(float) <= kPanel<double> * sizeof(double));

// Room for A, which all threads of one product read: the caller's, grows to the largest product and stays.
template <typename T>
T* room_for_a(Index size) {
  static thread_local Buffer<T> room;
  if (room.size() < size) room = Buffer<T>(size);
  return room.data();
}

// How a tile begins and ends: start from the bias or from 0, then assign or add.
template <typename T>
struct Edge {
  const T* bias;  // (columns of the panel) or null
  bool adds;
  Index last;  // columns in the last register of a row, 1 ... lanes
};

// c (R, V registers) = or += sum over k of a (R, k) b (k, V registers)
template <typename T, int R, int V>
void tile(Index depth, const T* a, Index a_row, Index a_depth, const T* b, Index b_stride, T* c, Index c_stride,
          const Edge<T>& edge) {
  using Packet = simd::Packet<T>;
  constexpr Index L = simd::kLanes<T>;
  Packet sum[R][V];
#pragma GCC unroll 8
  for (int v = 0; v < V; ++v) {
    Packet start = simd::set<T>(T(0));
    if (edge.bias != nullptr)
      start = v + 1 < V ? simd::load<T>(edge.bias + v * L) : simd::load_front<T>(edge.bias + v * L, edge.last);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) sum[r][v] = start;
  }
  for (Index k = 0; k < depth; ++k) {
    Packet right[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) right[v] = simd::load<T>(b + v * L);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const Packet left = simd::set<T>(a[r * a_row]);
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) sum[r][v] = simd::ei::pmadd(left, right[v], sum[r][v]);
    }
    a += a_depth;
    b += b_stride;
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
      T* to = c + r * c_stride + v * L;
      if (v + 1 < V || edge.last == L) {
        simd::store<T>(to, edge.adds ? simd::ei::padd(simd::load<T>(to), sum[r][v]) : sum[r][v]);
      } else {
        const Packet old = edge.adds ? simd::load_front<T>(to, edge.last) : simd::set<T>(T(0));
        simd::store_front<T>(to, edge.adds ? simd::ei::padd(old, sum[r][v]) : sum[r][v], edge.last);
      }
    }
  }
}

template <typename T>
using TileFunction = void (*)(Index, const T*, Index, Index, const T*, Index, T*, Index, const Edge<T>&);

template <typename T, int V, int... R>
constexpr std::array<TileFunction<T>, sizeof...(R)> tiles_of(std::integer_sequence<int, R...>) {
  return {&tile<T, R + 1, V>...};
}
template <typename T, int... V>
constexpr std::array<std::array<TileFunction<T>, kRows>, sizeof...(V)> all_tiles(std::integer_sequence<int, V...>) {
  return {tiles_of<T, V + 1>(std::make_integer_sequence<int, kRows>{})...};
}
template <typename T, int... V>
constexpr std::array<TileFunction<T>, sizeof...(V)> row_tiles_of(std::integer_sequence<int, V...>) {
  return {&tile<T, 1, V + 1>...};
}

template <typename T>
TileFunction<T> tile_function(Index rows, Index vectors) {
  static constexpr auto tiles = all_tiles<T>(std::make_integer_sequence<int, kVectors>{});
  static constexpr auto row_tiles = row_tiles_of<T>(std::make_integer_sequence<int, kRowVectors>{});
  if (rows == 1) return row_tiles[static_cast<std::size_t>(vectors - 1)];
  return tiles[static_cast<std::size_t>(vectors - 1)][static_cast<std::size_t>(rows - 1)];
}

Index tiles_of_rows(Index rows) { return (rows + kRows - 1) / kRows; }

// to (depth, L at every `width`) = the transpose of L rows of `depth` elements that lie `stride` apart
template <typename T>
void turn(const T* from, Index stride, Index depth, Index width, T* to) {
  constexpr Index L = simd::kLanes<T>;
  Index p = 0;
  for (; p + L <= depth; p += L) {
    simd::ei::PacketBlock<simd::Packet<T>, static_cast<int>(L)> block;
    for (Index l = 0; l < L; ++l) block.packet[l] = simd::load<T>(from + p + l * stride);
    simd::ei::ptranspose(block);
    for (Index l = 0; l < L; ++l) simd::store<T>(to + (p + l) * width, block.packet[l]);
  }
  for (; p < depth; ++p)
    for (Index l = 0; l < L; ++l) to[p * width + l] = from[p + l * stride];
}

// to (depth, width): rows k of B, columns from j, zeros after `columns`
template <typename T>
void pack_b(const Matrix<T>& b, Index k, Index depth, Index j, Index columns, Index width, T* to) {
  constexpr Index L = simd::kLanes<T>;
  if (b.column_stride == 1) {
    const T* from = b.data + k * b.row_stride + j;
    for (Index p = 0; p < depth; ++p, from += b.row_stride, to += width) {
      Index i = 0;
      for (; i + L <= columns; i += L) simd::store<T>(to + i, simd::load<T>(from + i));
      for (; i < width; i += L) simd::store<T>(to + i, simd::load_front<T>(from + i, std::max<Index>(columns - i, 0)));
    }
    return;
  }
  // B is a transpose: L columns of B are L rows in memory, turned in registers
  Index i = 0;
  for (; i + L <= columns; i += L) turn(b.data + k + (j + i) * b.column_stride, b.column_stride, depth, width, to + i);
  for (; i < width; ++i)
    for (Index p = 0; p < depth; ++p)
      to[p * width + i] = i < columns ? b.data[k + p + (j + i) * b.column_stride] : T(0);
}

// A packed: for each tile of kRows rows, (depth, kRows); the last tile's missing rows are not written.
template <typename T>
void pack_a(const Matrix<T>& a, Index row, Index rows, Index k, Index depth, T* to) {
  constexpr Index L = simd::kLanes<T>;
  constexpr Index kTogether = std::lcm(L, Index{kRows});  // rows of whole tiles and whole registers
  const T* from = a.data + row * a.row_stride + k * a.column_stride;
  Index i = 0;
  if (a.row_stride != 1) {
    for (; i + kTogether <= rows; i += kTogether, from += kTogether * a.row_stride) {
      alignas(kAlignment) T block[kBlockK * kTogether];
      for (Index l = 0; l < kTogether; l += L) turn(from + l * a.row_stride, a.row_stride, depth, kTogether, block + l);
      for (Index t = 0; t < kTogether; t += kRows, to += depth * kRows)
        for (Index p = 0; p < depth; ++p) std::copy_n(block + p * kTogether + t, kRows, to + p * kRows);
    }
  }
  for (; i < rows; i += kRows, from += kRows * a.row_stride, to += depth * kRows) {
    const Index count = std::min<Index>(kRows, rows - i);
    for (Index p = 0; p < depth; ++p)
      for (Index r = 0; r < count; ++r) to[p * kRows + r] = from[r * a.row_stride + p * a.column_stride];
  }
}

// C = or += A B on the tiles [first_tile, last_tile) of rows and the panels [first_panel, last_panel) of columns;
// `packed` is A packed, or null where A is read in place
template <typename T>
void multiply_block(const Matrix<T>& a, const T* packed, const Matrix<T>& b, T* c, Write write, const T* bias,
                    Index first_tile, Index last_tile, const Pieces& panels, Index first_panel, Index last_panel) {
  constexpr Index L = simd::kLanes<T>;
  const Index c_stride = b.columns, num_tiles = last_tile - first_tile;
  T* const room = reinterpret_cast<T*>(packed_b);
  // Packing pays when a panel is used often enough and its rows lie far apart: they would share few cache sets.
  const bool packs = b.column_stride != 1 || (num_tiles > 4 && b.row_stride * Index{sizeof(T)} >= 512);
  for (Index k = 0; k == 0 || k < a.columns; k += kBlockK) {
    const Index depth = std::min(kBlockK, a.columns - k);
    for (Index p = first_panel; p < last_panel; ++p) {
      const Index j = panels.begin(p) * L, vectors = panels.begin(p + 1) - panels.begin(p);
      const Index width = vectors * L, count = std::min(width, b.columns - j);
      const T* right = b.data + k * b.row_stride + j;
      Index right_stride = b.row_stride;
      if (packs || count < width) {
        pack_b(b, k, depth, j, count, width, room);
        right = room;
        right_stride = width;
      }
      const Edge<T> edge{bias != nullptr && k == 0 ? bias + j : nullptr, k > 0 || write == Write::kAdd,
                         count - (vectors - 1) * L};
      for (Index t = first_tile; t < last_tile; ++t) {
        const Index i = t * kRows, height = std::min<Index>(kRows, a.rows - i);
        const TileFunction<T> run = tile_function<T>(height, vectors);
        T* const to = c + i * c_stride + j;
        if (packed != nullptr)
          run(depth, packed + k * tiles_of_rows(a.rows) * kRows + t * kRows * depth, 1, kRows, right, right_stride, to,
              c_stride, edge);
        else
          run(depth, a.data + i * a.row_stride + k * a.column_stride, a.row_stride, a.column_stride, right,
              right_stride, to, c_stride, edge);
      }
    }
  }
}

}  // namespace

template <typename T>
void multiply(const Matrix<T>& a, const Matrix<T>& b, T* c, Write write, const T* bias) {
  if (a.rows == 0 || b.columns == 0) return;
  constexpr Index L = simd::kLanes<T>;
  const Pieces panels((b.columns + L - 1) / L, a.rows == 1 ? kRowVectors : kVectors);
  const double work = static_cast<double>(a.rows) * static_cast<double>(b.columns) * static_cast<double>(a.columns);
  const Index num_tiles = tiles_of_rows(a.rows);

  // Each element of A is packed once, for all threads, where that pays: measured, not derived.
  T* packed = nullptr;
  const bool is_turned = a.row_stride == 1;
  const bool lies_well = is_turned ? a.column_stride * Index{sizeof(T)} < 512 : a.rows * a.columns <= kSmallA;
  if (a.rows > 1 && panels.count > (lies_well ? 8 : is_turned ? 2 : 3)) {
    packed = room_for_a<T>(num_tiles * kRows * a.columns);
    const Pieces groups(num_tiles, 4);
    const double packing = 4.0 * static_cast<double>(a.rows) * static_cast<double>(a.columns);
    parallel_for(groups.count, packing, [&](Index task) {
      const Index tile = groups.begin(task), row = tile * kRows;
      const Index rows = std::min(a.rows, groups.begin(task + 1) * kRows) - row;
      for (Index k = 0; k < a.columns; k += kBlockK) {
        const Index depth = std::min(kBlockK, a.columns - k);
        pack_a(a, row, rows, k, depth, packed + k * num_tiles * kRows + tile * kRows * depth);
      }
    });
  }

  // The grid: groups of panels, and groups of tiles where the panels alone are too few.
  const Pieces column_groups(panels.count, (panels.count + kTasks - 1) / kTasks);
  const Index wanted = std::max<Index>(1, kTasks / column_groups.count);
  const Pieces row_groups(num_tiles, std::max<Index>((num_tiles + wanted - 1) / wanted, kTaskRows / kRows));
  parallel_for(row_groups.count * column_groups.count, work, [&](Index task) {
    const Index r = task % row_groups.count, g = task / row_groups.count;
    multiply_block(a, packed, b, c, write, bias, row_groups.begin(r), row_groups.begin(r + 1), panels,
                   column_groups.begin(g), column_groups.begin(g + 1));
  });
}

// Panel by panel as multiply cuts them, in blocks of k: each read from front to back.
template <typename T>
Index packed_size(Index rows, Index columns) {
  constexpr Index L = simd::kLanes<T>;
  return rows * ((columns + L - 1) / L) * L;
}

template <typename T>
PackedMatrix<T> pack(const Matrix<T>& b, T* room) {
  constexpr Index L = simd::kLanes<T>;
  const Pieces panels((b.columns + L - 1) / L, kVectors);
  parallel_for(panels.count, 2.0 * static_cast<double>(b.rows) * static_cast<double>(b.columns), [&](Index p) {
    const Index j = panels.begin(p) * L, width = panels.begin(p + 1) * L - j;
    for (Index k = 0; k < b.rows; k += kBlockK) {
      const Index depth = std::min(kBlockK, b.rows - k);
      pack_b(b, k, depth, j, std::min(width, b.columns - j), width, room + k * panels.size * L + j * depth);
    }
  });
  return {room, b.rows, b.columns};
}

template <typename T>
void multiply(Index rows, const T* a, Index a_stride, const PackedMatrix<T>& b, T* c, Index c_stride, Write write,
              const T* bias) {
  constexpr Index L = simd::kLanes<T>;
  const Pieces panels((b.columns + L - 1) / L, kVectors);
  for (Index k = 0; k == 0 || k < b.rows; k += kBlockK) {
    const Index depth = std::min(kBlockK, b.rows - k);
    for (Index p = 0; p < panels.count; ++p) {
      const Index j = panels.begin(p) * L, vectors = panels.begin(p + 1) - panels.begin(p);
      const Edge<T> edge{bias != nullptr && k == 0 ? bias + j : nullptr, k > 0 || write == Write::kAdd,
                         std::min(vectors * L, b.columns - j) - (vectors - 1) * L};
      for (Index i = 0; i < rows; i += kRows) {
        tile_function<T>(std::min<Index>(kRows, rows - i), vectors)(depth, a + i * a_stride + k, a_stride, 1,
                                                                    b.data + k * panels.size * L + j * depth,
                                                                    vectors * L, c + i * c_stride + j, c_stride, edge);
      }
    }
  }
}

template <typename T>
void sum_rows(const T* x, Index rows, Index columns, T* y, Write write) {
  constexpr Index L = simd::kLanes<T>;
  constexpr Index kColumns = 4 * L;
  const double work = static_cast<double>(rows) * static_cast<double>(columns);
  parallel_for((columns + kColumns - 1) / kColumns, work, [&](Index task) {
    const Index begin = task * kColumns, end = std::min(columns, begin + kColumns);
    for (Index j = begin; j < end; j += L) {
      const Index count = std::min(L, end - j);
      simd::Packet<T> total = write == Write::kAdd ? simd::load_front<T>(y + j, count) : simd::set<T>(T(0));
      if (count == L)
        for (Index i = 0; i < rows; ++i) total = simd::ei::padd(total, simd::load<T>(x + i * columns + j));
      else
        for (Index i = 0; i < rows; ++i) total = simd::ei::padd(total, simd::load_front<T>(x + i * columns + j, count));
      simd::store_front<T>(y + j, total, count);
    }
  });
}

#define NNCPP_INSTANTIATE(T)                              \
  template Index packed_size<T>(Index, Index);            \
  template PackedMatrix<T> pack<T>(const Matrix<T>&, T*); \
  template void multiply<T>(Index, const T*, Index, const PackedMatrix<T>&, T*, Index, Write, const T*);
NNCPP_INSTANTIATE(float)
NNCPP_INSTANTIATE(double)
NNCPP_INSTANTIATE(Dual)
#undef NNCPP_INSTANTIATE
#define NNCPP_INSTANTIATE(T)                                                          \
  template void multiply<T>(const Matrix<T>&, const Matrix<T>&, T*, Write, const T*); \
  template void sum_rows<T>(const T*, Index, Index, T*, Write);
NNCPP_INSTANTIATE(float)
NNCPP_INSTANTIATE(double)
#undef NNCPP_INSTANTIATE

}  // namespace nncpp
