#ifndef MUSTER_BENCHMARKS_DISPATCH_SHARD_TRAINING_H_
#define MUSTER_BENCHMARKS_DISPATCH_SHARD_TRAINING_H_

// The coordinator of a dispatched learning run on any
// runtime::Cluster<ShardProgram>: it streams the training rows through the
// router to their groups, has every group train, and has queries answered. Each
// phase is a barrier with a report of its own.
//
// Group g lives on worker g mod W, so a worker has several groups when k > W.
// With p copies the groups of a row are distinct, and so are their workers when
// k <= W.
//
// Virtual time. A task's duration must be known when it is submitted: routing,
// moving and answering are counted beforehand. Training is not, so a worker
// first trains in a task that takes no time and reports its exact count, and is
// then kept busy for as long as that count takes (Step::kBusy); if it crashes
// meanwhile, the group is lost. Seconds are counts times CostModel, so a run
// has the same bits on every machine; measured seconds are reported beside.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/benchmarks/dispatch/labeled_rows.h"
#include "muster/benchmarks/dispatch/shard_program.h"
#include "muster/dispatch/router.h"
#include "muster/runtime/cluster.h"
#include "muster/runtime/ids.h"
#include "muster/runtime/observer.h"
#include "muster/runtime/runtime.h"

namespace muster::benchmarks {

// Seconds of virtual time for counted work, of one core of the kind that
// README.md names, and a network of 1 Gbit/s a worker. Measured seconds over
// counts are in run.json (those of rows by themselves are not); here the middle
// of those of `synthetic` (d = 20) and `mnist` (d = 784) at default size with
// --threads=1, in ns: fit .06 to .07 (pruned passes), route .011 to .018
// (blocked scans), train .3 to .8, answer .25 to 1, row 300 to 400.
struct CostModel {
  double fit_seconds = 6.5e-11;     // a multiply-add of clustering
  double route_seconds = 1.5e-11;   // a multiply-add of routing
  double train_seconds = 6e-10;     // a multiply-add of training
  double answer_seconds = 5e-10;    // a multiply-add of a score
  double row_seconds = 300e-9;      // a row read or stored
  double byte_seconds = 8e-9;       // a byte received
  double rule_byte_seconds = 8e-9;  // a byte of the rule, copied to a worker
  double message_seconds = 100e-6;  // a task, whatever it does
};

// How the answers of several groups (p > 1) become one. The paper leaves it
// open ("the most suitable model").
enum class Combine {
  kBest,     // the first group of the router's order that lives
  kAverage,  // the mean of the scores of all that live
};

struct ShardTrainingOptions {
  CostModel costs = {};
  // Rows of a message, >= 1. The paper's.
  int64_t batch_rows = 10'000;
  Combine combine = Combine::kBest;
  // What the router does for one point; from FittedMethod
  // (dispatch_run.h).
  double route_multiply_adds = 0;
};

struct PhaseReport {
  double virtual_seconds = 0;  // from barrier to barrier
  double wall_seconds = 0;     // measured here: never in results
  double multiply_adds = 0;
  int64_t bytes = 0;  // between workers

  static void Fields(auto& self, auto&& visit) {
    visit(self.virtual_seconds, self.wall_seconds, self.multiply_adds,
          self.bytes);
  }
};

struct Answers {
  std::vector<double> labels = {};  // n; of unanswered queries: 0
  std::vector<char> answered = {};  // n
  double accuracy = 0;              // right answers / n
  double answered_share = 0;
  PhaseReport report = {};
};

class ShardTraining {
 public:
  // W programs for a cluster.
  static std::vector<std::unique_ptr<ShardProgram>> MakePrograms(
      int32_t workers, const std::shared_ptr<const dispatch::Router>& router,
      const std::vector<double>& classes, const LearnerOptions& learner,
      uint64_t seed);

  // `cluster` runs programs of MakePrograms with the same router and classes;
  // it must outlive this object. Store, Train and Answer each tell
  // runtime.observer of the rows they are through with; once `runtime` is to
  // stop, they are Cancelled at the next completion.
  ShardTraining(runtime::Cluster<ShardProgram>* cluster,
                std::shared_ptr<const dispatch::Router> router,
                std::vector<double> classes,
                const ShardTrainingOptions& options,
                const runtime::Runtime& runtime);

  // Worker 0 clusters the sample (so many multiply-adds), and the rule is
  // copied to all workers in a binary tree. Time only: nothing is computed.
  absl::StatusOr<PhaseReport> BillFit(double multiply_adds);

  // Routes all rows and moves them to their groups. `groups` (n x p), when not
  // empty, takes the place of the router: whoever assigned them (an online
  // balancer, a replication) is billed elsewhere; -1 stands for no copy.
  absl::StatusOr<PhaseReport> Store(const LabeledData& data,
                                    std::span<const int32_t> groups = {});

  // Every group with rows trains.
  absl::StatusOr<PhaseReport> Train();

  // Routes the queries and has them answered. Groups of the workers marked in
  // `lost` (empty, or W flags) are gone, as are those lost in a crash; a query
  // goes on to its next group then. `groups` as in Store. Can be called any
  // number of times.
  absl::StatusOr<Answers> Answer(const LabeledData& queries,
                                 std::span<const char> lost = {},
                                 std::span<const int32_t> groups = {});

  // Groups of the stored rows, n x p in the order of the stream.
  std::span<const int32_t> stored_groups() const { return stored_groups_; }
  // Rows, as copies, that were lost on their way: sent to a worker that was
  // down, or crashed before it had them. What it had already is not counted.
  int64_t lost_rows() const { return lost_rows_; }
  // By group; rows = 0: never trained.
  std::span<const GroupTraining> trainings() const { return trainings_; }

 private:
  using Request = ShardProgram::Request;
  using Response = ShardProgram::Response;
  using Step = ShardProgram::Step;
  // What a completion belongs to.
  struct Pending {
    Step step = Step::kBusy;
    int64_t batch = 0;
    int32_t group = 0;
    std::vector<int64_t> rows = {};    // kStore, kAnswer: of the data
    std::vector<int32_t> groups = {};  // kAnswer: beside rows
    runtime::WorkerId reader = {};     // kAnswer: of the rows
  };
  // Called with what ended and its response; an error when it was lost.
  using Handler =
      std::function<absl::Status(runtime::WorkerId worker, const Pending&,
                                 const absl::StatusOr<Response>&)>;
  struct Query;

  runtime::WorkerId Owner(int32_t group) const;
  void Submit(runtime::WorkerId worker, Request request, Pending pending,
              double seconds);
  void BeginPhase(absl::string_view name, int64_t total_rows);
  // Completions until nothing is in flight. Reports progress_ after each.
  absl::Status Drain(const Handler& handler);
  // Streams `data` batch by batch through the workers' routers, one batch a
  // worker at a time; `routed` takes each batch's groups, `other` all other
  // completions. Workers marked in `lost` read nothing. With `groups` batches
  // are read, and not routed.
  absl::Status RouteAll(
      const LabeledData& data, std::span<const char> lost,
      std::span<const int32_t> groups, PhaseReport* report,
      const std::function<absl::Status(runtime::WorkerId, int64_t batch,
                                       std::span<const int32_t>)>& routed,
      const Handler& other);
  void SendToOwners(const LabeledData& data, runtime::WorkerId reader,
                    int64_t begin, std::span<const int32_t> groups,
                    PhaseReport* report);
  // `reader` sends each row of `rows` (any subset of the queries that it read)
  // to the groups that are to answer it.
  void Ask(std::span<const int64_t> rows, runtime::WorkerId reader,
           Query* query);

  runtime::Cluster<ShardProgram>* const cluster_;
  const std::shared_ptr<const dispatch::Router> router_;
  const std::vector<double> classes_;
  const ShardTrainingOptions options_;
  const runtime::Runtime runtime_;
  std::map<std::pair<int32_t, int64_t>, Pending> pending_;
  std::vector<int32_t> stored_groups_;
  std::vector<GroupTraining> trainings_;  // k
  std::vector<char> alive_;               // k: trained and not crashed
  int64_t lost_rows_ = 0;
  runtime::Progress progress_ = {};  // of the phase, in rows
};

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_DISPATCH_SHARD_TRAINING_H_
