#include "nncpp/graph.hpp"

#include <algorithm>
#include <cmath>

#include "nncpp/error.hpp"

namespace nncpp {
namespace {

// puts the pieces at the end of a flat vector, each on a cache line of its own
template <typename T>
void append(const std::string& name, std::vector<SegmentSpec> specs, std::vector<Segment>& segments, Index& size) {
  for (auto& spec : specs) {
    segments.push_back({name + "/" + spec.name, spec.shape, size, spec.kind, spec});
    size += padded<T>(numel(spec.shape));
  }
}

void require_sample(const Shape& shape) {
  for (const Index axis : shape)
    if (axis < 1) throw ShapeError(text("expected axes of length 1 or more, got ", shape));
  numel(shape.batch(1));
}

bool same_shapes(const std::vector<SegmentSpec>& a, const std::vector<SegmentSpec>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x.shape == y.shape; });
}

}  // namespace

template <typename T>
int Graph<T>::input(const Shape& sample_shape, std::string name, double scale) {
  named(name, [&] { require_sample(sample_shape); });
  if (!(scale > 0 && std::isnormal(static_cast<Real<T>>(scale))))
    throw DataError(text(name, ": expected a finite scale > 0 in float", 8 * sizeof(Real<T>), ", got ", scale));
  Node<T> node;
  node.name = std::move(name);
  node.shape = sample_shape;
  node.scale = scale;
  nodes_.push_back(std::move(node));
  return static_cast<int>(nodes_.size()) - 1;
}

template <typename T>
int Graph<T>::add(std::shared_ptr<const Layer<T>> layer, std::vector<int> inputs, std::string name) {
  if (layer == nullptr) throw Error(text(name, ": expected a layer, got none"));
  Node<T> node;
  node.name = std::move(name);
  node.layer = std::move(layer);
  node.inputs = std::move(inputs);
  for (const int id : node.inputs) {
    if (id < 0 || id >= static_cast<int>(nodes_.size()))
      throw ShapeError(text(node.name, ": expected inputs among nodes 0 ... ", nodes_.size(), " - 1, got ", id));
    node.input_shapes.push_back(nodes_[static_cast<std::size_t>(id)].shape);
  }
  const auto has_rows = [&](int id) { return nodes_[static_cast<std::size_t>(id)].has_rows; };
  node.has_rows = std::any_of(node.inputs.begin(), node.inputs.end(), has_rows);
  try {
    if (node.has_rows && !node.layer->is_operator())
      for (const int id : node.inputs)
        if (!has_rows(id))
          throw ShapeError(text("expected inputs with rows (N, ...), got the array ",
                                nodes_[static_cast<std::size_t>(id)].name, "; only operators take both"));
    node.shape = node.layer->output_shape(node.input_shapes);
    require_sample(node.shape);
    const auto twin = std::find_if(nodes_.begin(), nodes_.end(), [&](const auto& n) { return n.layer == node.layer; });
    if (twin != nodes_.end()) {
      const auto& shared = *node.layer;
      if (!same_shapes(shared.parameters(node.input_shapes), shared.parameters(twin->input_shapes)) ||
          !same_shapes(shared.state(node.input_shapes), shared.state(twin->input_shapes)))
        throw ShapeError(text("shares the weights of ", twin->name, " and so expected input ",
                              to_string(twin->input_shapes[0], true), ", got ", to_string(node.input_shapes[0], true)));
      node.first_segment = twin->first_segment;
      node.num_segments = twin->num_segments;
      node.first_state = twin->first_state;
      node.num_states = twin->num_states;
    } else {
      node.first_segment = static_cast<int>(segments_.size());
      node.first_state = static_cast<int>(states_.size());
      append<T>(node.name, node.layer->parameters(node.input_shapes), segments_, theta_size_);
      append<T>(node.name, node.layer->state(node.input_shapes), states_, state_size_);
      node.num_segments = static_cast<int>(segments_.size()) - node.first_segment;
      node.num_states = static_cast<int>(states_.size()) - node.first_state;
    }
  } catch (const ShapeError& error) {
    throw ShapeError(node.name + ": " + error.what());
  } catch (CallbackError& error) {
    error.where = text(node.name, ": ", error.where);
    throw;
  }
  node.stream = kLayerStreams + static_cast<std::uint32_t>(nodes_.size());
  nodes_.push_back(std::move(node));
  return static_cast<int>(nodes_.size()) - 1;
}

template <typename T>
void Graph<T>::initialize(std::uint64_t seed, T* theta, T* state) const {
  for (std::size_t s = 0; s < segments_.size(); ++s)
    nncpp::initialize(segments_[s].spec, {seed, kWeightStreams + static_cast<std::uint32_t>(s), 0},
                      theta + segments_[s].offset);
  for (const Segment& segment : states_) nncpp::initialize(segment.spec, {}, state + segment.offset);
}

template class Graph<float>;
template class Graph<double>;
template class Graph<Dual>;

}  // namespace nncpp
