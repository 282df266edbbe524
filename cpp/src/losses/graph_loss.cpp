#include "nncpp/losses/graph_loss.hpp"

#include <algorithm>

#include "nncpp/error.hpp"

namespace nncpp {

// A plan that nobody else uses now; it goes back afterwards, so that a step of the same size finds it again.
template <typename T>
class GraphLoss<T>::Lease {
 public:
  Lease(const GraphLoss& loss, Index n) : loss_(loss) {
    const std::lock_guard lock(loss.mutex_);
    const auto found = std::find_if(loss.idle_.begin(), loss.idle_.end(), [&](const auto& plan) {
      return plan->capacity() >= n && plan->capacity() <= 2 * n;
    });
    if (found != loss.idle_.end()) {
      plan_ = std::move(*found);
      loss.idle_.erase(found);
      return;
    }
    const typename Plan<T>::Options options{.capacity = n,
                                            .has_backward = true,
                                            .has_input_gradients = true,
                                            .outputs = loss.network_->outputs(),
                                            .is_linear = {false}};
    const Vectors<T> vectors{.theta = loss.network_->theta().data, .state = loss.network_->state().data};
    plan_ = std::make_unique<Plan<T>>(loss.network_->graph(), options, vectors);
  }
  ~Lease() {
    const std::lock_guard lock(loss_.mutex_);
    if (loss_.idle_.size() == kMostPlans) loss_.idle_.erase(loss_.idle_.begin());  // the oldest
    loss_.idle_.push_back(std::move(plan_));
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  Plan<T>* operator->() { return plan_.get(); }

 private:
  static constexpr std::size_t kMostPlans = 4;
  const GraphLoss& loss_;
  std::unique_ptr<Plan<T>> plan_;
};

template <typename T>
GraphLoss<T>::GraphLoss(typename BatchLoss<T>::Options options, std::shared_ptr<Network<T>> network)
    : BatchLoss<T>(std::move(options)), network_(std::move(network)) {
  const Network<T>& g = *network_;
  named(this->options().name, [&] {
    if (g.inputs().size() != 2 || g.outputs().size() != 1)
      throw ShapeError(text("expected a graph of the inputs p and y and one output, got ", g.inputs().size(),
                            " inputs and ", g.outputs().size(), " outputs"));
    const Shape &p = g.input_shape(0), &y = g.input_shape(1), &output = g.output_shape(0);
    if (p != y || p.rank() == 0) throw ShapeError(text("expected p and y of one shape (K, ...), got ", p, " and ", y));
    if (!g.graph().nodes()[static_cast<std::size_t>(g.outputs()[0])].has_rows || numel(output) != numel(p) / p.back())
      throw ShapeError(text("expected an expression that gives a number for each row, ",
                            to_string(Shape(std::span(p.begin(), p.rank() - 1)), true), ", got ",
                            to_string(output, true), "; sum it over the last axis"));
    if (g.graph().theta_size() > 0) throw DataError("expected no variables: a loss has nothing to train");
    for (const auto& node : g.graph().nodes())
      if (node.layer != nullptr) named(node.name, [&] { require_derivative(node.layer->output_activation()); });
  });
}

template <typename T>
void GraphLoss<T>::require_valid(const Source& target, const Shape& output) const {
  if (output != network_->input_shape(0))
    throw ShapeError(text("loss '", this->name(), "': expected an output ", to_string(network_->input_shape(0), true),
                          ", got ", to_string(output, true)));
  BatchLoss<T>::require_valid(target, output);
}

template <typename T>
void GraphLoss<T>::evaluate_rows(Tensor<const T> v, const Target<T>& target, Wide<T>* losses, T* dv) const {
  const Index n = v.shape[0];
  Lease plan(*this, n);
  plan->set_batch(n);
  std::copy(v.begin(), v.end(), plan->input(0).data);
  std::copy(target.values, target.values + v.size(), plan->input(1).data);
  plan->forward({.n = n});
  const Tensor<const T> rows = plan->output(0);
  std::copy(rows.begin(), rows.end(), losses);
  if (dv == nullptr) return;
  const Tensor<T> ones = plan->output_gradient(0);
  std::fill(ones.begin(), ones.end(), T(1));
  plan->backward({.n = n});
  const Tensor<T> dp = plan->input_gradient(0);
  std::copy(dp.begin(), dp.end(), dv);
}

template class GraphLoss<float>;
template class GraphLoss<double>;
template class GraphLoss<Dual>;

}  // namespace nncpp
