#include "nncpp/telemetry.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <numeric>

#include "nncpp/error.hpp"
#include "nncpp/parallel.hpp"

namespace nncpp {
namespace {

// sum of f(i) over [0, size), in double, in an order that depends on size only
template <typename F>
double sum(Index size, F f) {
  constexpr Index kBlock = 8192, kMostTasks = 64, kLanes = 16;
  constexpr double kWork = 2.0;
  const Index blocks = (size + kBlock - 1) / kBlock, tasks = std::min(blocks, kMostTasks);
  std::array<double, kMostTasks> partial;
  parallel_for(tasks, kWork * static_cast<double>(size), [&](Index task) {
    const Index end = std::min((task + 1) * blocks / tasks * kBlock, size);
    std::array<double, kLanes> lanes{};
    Index i = task * blocks / tasks * kBlock;
    for (; i + kLanes <= end; i += kLanes)
      for (Index lane = 0; lane < kLanes; ++lane) lanes[static_cast<std::size_t>(lane)] += f(i + lane);
    for (Index lane = 0; i < end; ++i, ++lane) lanes[static_cast<std::size_t>(lane)] += f(i);
    partial[static_cast<std::size_t>(task)] = std::accumulate(lanes.begin(), lanes.end(), 0.0);
  });
  return std::accumulate(partial.begin(), partial.begin() + tasks, 0.0);
}

template <typename T>
double norm(const T* x, Index size) {
  return std::sqrt(sum(size, [x](Index i) {
    const double value = static_cast<double>(x[i]);
    return value * value;
  }));
}

// units of v (..., columns)
template <typename T>
Index num_units(const Tensor<const T>& v) {
  return v.shape.rank() < 2 ? 1 : v.columns();
}

// how many of them are 0 in every row
template <typename T>
Index num_dead(const Tensor<const T>& v) {
  constexpr Index kBlock = 64;
  const Index columns = num_units(v), rows = v.size() / columns;
  std::atomic<Index> count{0};
  parallel_for((columns + kBlock - 1) / kBlock, static_cast<double>(v.size()), [&](Index task) {
    const Index first = task * kBlock, width = std::min(kBlock, columns - first);
    T largest[kBlock] = {};
    for (Index r = 0; r < rows; ++r) {
      const T* const row = v.data + r * columns + first;
      for (Index j = 0; j < width; ++j) largest[j] = row[j] > largest[j] ? row[j] : largest[j];
    }
    count += std::count(largest, largest + width, T(0));
  });
  return count;
}

}  // namespace

bool can_die(Activation activation) {
  return activation == Activation::kRelu || activation == Activation::kSoftplus ||
         activation == Activation::kExponential;
}

Saturation saturation(Activation activation) {
  switch (activation) {
    case Activation::kSigmoid:
      return {0.5, 0.475};
    case Activation::kTanh:
    case Activation::kSoftsign:
      return {0.0, 0.95};
    case Activation::kHardTanh:
      return {0.0, 1.0};
    default:
      return {0.0, std::numeric_limits<double>::infinity()};
  }
}

template <typename T>
Telemetry<T>::Telemetry(Objective<T>& objective, Index every) : every_(every) {
  if (every < 1) throw DataError(text("telemetry: expected a record every 1 or more steps, got ", every));
  const Graph<T>& graph = objective.network().graph();
  is_linear_.resize(graph.nodes().size());
  const auto& outputs = objective.network().outputs();
  for (std::size_t k = 0; k < outputs.size(); ++k)
    is_linear_[static_cast<std::size_t>(outputs[k])] = objective.is_linear()[k];
  for (std::size_t id = 0; id < graph.nodes().size(); ++id) {
    const Node<T>& node = graph.nodes()[id];
    if (node.layer == nullptr) continue;
    auto member = std::find_if(members_.begin(), members_.end(),
                               [&](const Member& other) { return other.layer == node.layer.get(); });
    if (member == members_.end()) {
      member = members_.insert(member, Member{.layer = node.layer.get(), .nodes = {}});
      names_.push_back(node.name);
      if (node.num_segments > 0) {
        const Segment* segments = &graph.segments()[static_cast<std::size_t>(node.first_segment)];
        const Segment& last = segments[node.num_segments - 1];
        member->begin = segments->offset;
        member->end = last.offset + padded<T>(numel(last.shape));
      }
    }
    member->nodes.push_back(static_cast<int>(id));
  }
  next_.resize(members_.size());
  theta_ = Buffer<T>(graph.theta_size());
}

template <typename T>
void Telemetry<T>::reserve(Index steps) {
  const std::size_t total = steps_.size() + static_cast<std::size_t>(steps);
  steps_.reserve(total);
  records_.reserve(total * members_.size());
}

template <typename T>
void Telemetry<T>::begin(const Plan<T>& plan, const T* theta, const T* dtheta) {
  std::copy(theta, theta + theta_.size(), theta_.data());
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const Member& member = members_[i];
    next_[i] = {};
    if (member.end > member.begin) {
      next_[i].parameter_norm = norm(theta + member.begin, member.end - member.begin);
      next_[i].gradient_norm = norm(dtheta + member.begin, member.end - member.begin);
    }
    measure_output(member, plan, next_[i]);
  }
}

template <typename T>
void Telemetry<T>::end(Index t, const T* theta) {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const Index begin = members_[i].begin, size = members_[i].end - begin;
    if (size == 0) continue;
    const T *before = theta_.data() + begin, *after = theta + begin;
    const double moved = std::sqrt(sum(size, [=](Index k) {
      const double difference = static_cast<double>(after[k]) - static_cast<double>(before[k]);
      return difference * difference;
    }));
    next_[i].update_ratio = moved / next_[i].parameter_norm;
  }
  steps_.push_back(t);
  records_.insert(records_.end(), next_.begin(), next_.end());
}

template <typename T>
void Telemetry<T>::clear() {
  steps_.clear();
  records_.clear();
}

// v of a node, with the activation that the loss takes over
template <typename T>
Tensor<const T> Telemetry<T>::output(const Plan<T>& plan, int node) {
  const Tensor<const T> value = plan.value(node);
  if (!is_linear_[static_cast<std::size_t>(node)]) return value;
  if (values_.size() < value.size()) values_ = Buffer<T>(value.size());
  const Layer<T>& layer = *plan.graph().nodes()[static_cast<std::size_t>(node)].layer;
  activate(layer.output_activation(), value.data, values_.data(), value.rows(), value.columns());
  return {values_.data(), value.shape};
}

// Mean and deviation by differences from a first number v_0, which cost few digits: |mean - v_0| is at most sqrt(count)
// times the deviation.
template <typename T>
void Telemetry<T>::measure_output(const Member& member, const Plan<T>& plan, LayerRecord& record) {
  const Activation activation = member.layer->output_activation();
  const auto [center, distance] = saturation(activation);
  const bool is_bounded = std::isfinite(distance);
  double origin = 0, count = 0, total = 0, squares = 0, saturated = 0, units = 0, dead = 0;
  for (const int node : member.nodes) {
    const Tensor<const T> v = output(plan, node);
    if (node == member.nodes.front()) origin = static_cast<double>(*v.data);
    count += static_cast<double>(v.size());
    total += sum(v.size(), [&](Index i) { return static_cast<double>(v.data[i]) - origin; });
    squares += sum(v.size(), [&](Index i) {
      const double difference = static_cast<double>(v.data[i]) - origin;
      return difference * difference;
    });
    if (is_bounded)
      saturated += sum(
          v.size(), [&](Index i) { return std::abs(static_cast<double>(v.data[i]) - center) >= distance ? 1.0 : 0.0; });
    if (can_die(activation)) {
      units += static_cast<double>(num_units(v));
      dead += static_cast<double>(num_dead(v));
    }
  }
  const double shift = total / count;
  record.mean = origin + shift;
  record.deviation = std::sqrt(std::max(0.0, squares / count - shift * shift));
  if (is_bounded) record.saturated = saturated / count;
  if (can_die(activation)) record.dead = dead / units;
}

template class Telemetry<float>;
template class Telemetry<double>;

}  // namespace nncpp
