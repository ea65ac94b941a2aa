// Every library of //third_party compiles, links and runs, in whichever mode
// it was taken (system package or pinned archive).

#include <gflags/gflags.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lemon/network_simplex.h>
#include <lemon/smart_graph.h>
#include <linear.h>
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>
#include <zlib.h>

#include <cstddef>
#include <nanoflann.hpp>
#include <string>
#include <vector>

#include "Eigen/Core"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "coin/CbcModel.hpp"
#include "coin/ClpSimplex.hpp"
#include "coin/OsiClpSolverInterface.hpp"
#include "nlohmann/json.hpp"

DEFINE_int32(rows, 3, "a flag of this test");

namespace muster::tools {
namespace {

TEST(ThirdPartyTest, AbseilCarriesValuesAndErrors) {
  absl::flat_hash_map<std::string, int> counts;
  ++counts["worker"];
  EXPECT_EQ(counts.at("worker"), 1);
  const absl::StatusOr<int> missing =
      absl::NotFoundError(absl::StrFormat("no worker %d", 7));
  EXPECT_EQ(missing.status().message(), "no worker 7");
}

TEST(ThirdPartyTest, TbbVisitsEachIndexOnce) {
  std::vector<int> visits(1000, 0);
  oneapi::tbb::parallel_for(
      oneapi::tbb::blocked_range<size_t>(0, visits.size()),
      [&](const oneapi::tbb::blocked_range<size_t>& range) {
        for (size_t i = range.begin(); i != range.end(); ++i) ++visits[i];
      });
  EXPECT_THAT(visits, ::testing::Each(1));
}

TEST(ThirdPartyTest, EigenMultiplies) {
  const Eigen::MatrixXd a = Eigen::MatrixXd::Constant(FLAGS_rows, 2, 2.0);
  const Eigen::VectorXd b = Eigen::VectorXd::Ones(2);
  EXPECT_EQ((a * b).sum(), 4.0 * FLAGS_rows);
}

TEST(ThirdPartyTest, ZlibRestoresWhatItCompressed) {
  const std::string text(1000, 'm');
  std::vector<Bytef> packed(compressBound(text.size()));
  uLongf packed_bytes = packed.size();
  ASSERT_EQ(compress(packed.data(), &packed_bytes,
                     reinterpret_cast<const Bytef*>(text.data()), text.size()),
            Z_OK);
  EXPECT_LT(packed_bytes, text.size());
  std::string restored(text.size(), '\0');
  uLongf restored_bytes = restored.size();
  ASSERT_EQ(uncompress(reinterpret_cast<Bytef*>(restored.data()),
                       &restored_bytes, packed.data(), packed_bytes),
            Z_OK);
  EXPECT_EQ(restored, text);
}

TEST(ThirdPartyTest, JsonRoundTrips) {
  const auto value = nlohmann::json::parse(R"({"seeds": [1, 2]})");
  EXPECT_EQ(value["seeds"][1], 2);
  EXPECT_EQ(value.dump(), R"({"seeds":[1,2]})");
}

// min -x - 2 y for x + y <= 3.5, x, y in [0, 2]: x = 1.5, y = 2.
template <typename Model>
void LoadTinyProgram(Model* model) {
  const double lower[] = {0, 0};
  const double upper[] = {2, 2};
  const double cost[] = {-1, -2};
  const double row_lower[] = {-COIN_DBL_MAX};
  const double row_upper[] = {3.5};
  const CoinBigIndex starts[] = {0, 1, 2};
  const int rows[] = {0, 0};
  const double ones[] = {1, 1};
  model->loadProblem(2, 1, starts, rows, ones, lower, upper, cost, row_lower,
                     row_upper);
}

TEST(ThirdPartyTest, ClpSolvesALinearProgramme) {
  ClpSimplex model;
  model.setLogLevel(0);
  LoadTinyProgram(&model);
  model.dual();
  ASSERT_TRUE(model.isProvenOptimal());
  EXPECT_DOUBLE_EQ(model.objectiveValue(), -5.5);
}

TEST(ThirdPartyTest, CbcSolvesAnIntegerProgramme) {
  OsiClpSolverInterface solver;
  solver.messageHandler()->setLogLevel(0);
  LoadTinyProgram(&solver);
  solver.setInteger(0);
  solver.setInteger(1);
  CbcModel model(solver);
  model.setLogLevel(0);
  model.branchAndBound();
  ASSERT_TRUE(model.isProvenOptimal());
  EXPECT_DOUBLE_EQ(model.getObjValue(), -5);
}

// Two units from one node to another: one by the cheap arc of capacity 1.
TEST(ThirdPartyTest, LemonFindsTheCheapestFlow) {
  lemon::SmartDigraph graph;
  const auto from = graph.addNode();
  const auto to = graph.addNode();
  const auto cheap = graph.addArc(from, to);
  const auto dear = graph.addArc(from, to);
  lemon::SmartDigraph::ArcMap<int> capacity(graph, 1);
  lemon::SmartDigraph::ArcMap<int> cost(graph);
  cost[cheap] = 3;
  cost[dear] = 10;
  lemon::NetworkSimplex<lemon::SmartDigraph> flow(graph);
  flow.upperMap(capacity).costMap(cost).stSupply(from, to, 2);
  ASSERT_EQ(flow.run(), flow.OPTIMAL);
  EXPECT_EQ(flow.totalCost<int>(), 13);
}

struct PointsOnALine {
  std::vector<double> x;
  size_t kdtree_get_point_count() const { return x.size(); }
  double kdtree_get_pt(size_t i, size_t) const { return x[i]; }
  template <typename Box>
  bool kdtree_get_bbox(Box&) const {
    return false;
  }
};

TEST(ThirdPartyTest, NanoflannFindsTheNearest) {
  using Metric = nanoflann::L2_Simple_Adaptor<double, PointsOnALine>;
  const PointsOnALine points = {.x = {0, 5, 7, 20}};
  nanoflann::KDTreeSingleIndexAdaptor<Metric, PointsOnALine, 1> tree(1, points);
  const double query = 8;
  size_t nearest = 0;
  double distance = 0;
  nanoflann::KNNResultSet<double> results(1);
  results.init(&nearest, &distance);
  tree.findNeighbors(results, &query, nanoflann::SearchParams());
  EXPECT_EQ(nearest, 2u);
  EXPECT_EQ(distance, 1);
}

TEST(ThirdPartyTest, LiblinearSeparatesTwoPoints) {
  set_print_string_function([](const char*) {});
  feature_node rows[2][2] = {{{1, -1.0}, {-1, 0}}, {{1, 1.0}, {-1, 0}}};
  feature_node* x[] = {rows[0], rows[1]};
  double y[] = {-1, 1};
  problem data = {};
  data.l = 2;
  data.n = 1;
  data.y = y;
  data.x = x;
  data.bias = -1;
  parameter options = {};
  options.solver_type = L2R_L2LOSS_SVC_DUAL;
  options.C = 1;
  options.eps = 0.01;
  model* trained = train(&data, &options);
  EXPECT_EQ(predict(trained, x[0]), -1);
  EXPECT_EQ(predict(trained, x[1]), 1);
  free_and_destroy_model(&trained);
}

}  // namespace
}  // namespace muster::tools
