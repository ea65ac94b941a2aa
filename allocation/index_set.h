// A subset of {0, ..., n - 1} with its members in ascending order by rank: a
// bit per element and a Fenwick tree over the words' counts. Insert, Erase and
// Select O(log n); n / 8 + n / 16 bytes.

#ifndef MUSTER_ALLOCATION_INDEX_SET_H_
#define MUSTER_ALLOCATION_INDEX_SET_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace muster::allocation {

class IndexSet {
 public:
  // Empty.
  explicit IndexSet(int32_t n)
      : words_((static_cast<size_t>(n) + 63) / 64),
        tree_(words_.size() + 1),
        top_(std::bit_floor(words_.size())) {}

  int64_t size() const { return size_; }
  bool Contains(int32_t i) const { return (words_[i / 64] >> (i % 64)) & 1; }

  void Insert(int32_t i) {
    if (Contains(i)) return;
    words_[i / 64] |= uint64_t{1} << (i % 64);
    Add(i / 64, 1);
  }
  void Erase(int32_t i) {
    if (!Contains(i)) return;
    words_[i / 64] &= ~(uint64_t{1} << (i % 64));
    Add(i / 64, -1);
  }

  // The member with `rank` smaller members, 0 <= rank < size().
  int32_t Select(int64_t rank) const {
    size_t word = 0;
    for (size_t step = top_; step > 0; step /= 2) {
      if (word + step < tree_.size() && tree_[word + step] <= rank) {
        word += step;
        rank -= tree_[word];
      }
    }
    uint64_t bits = words_[word];
    for (; rank > 0; --rank) bits &= bits - 1;
    return static_cast<int32_t>(64 * word +
                                static_cast<size_t>(std::countr_zero(bits)));
  }

 private:
  void Add(size_t word, int32_t change) {
    size_ += change;
    for (size_t j = word + 1; j < tree_.size(); j += j & (~j + 1)) {
      tree_[j] += change;
    }
  }

  std::vector<uint64_t> words_;
  std::vector<int32_t> tree_;  // from 1: members in the j & -j words before j
  size_t top_;                 // largest power of two <= number of words
  int64_t size_ = 0;
};

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_INDEX_SET_H_
