#ifndef MUSTER_RUNTIME_VECTORIZE_H_
#define MUSTER_RUNTIME_VECTORIZE_H_

// Attributes for hot loops that the compiler vectorises.
//
// MUSTER_VECTORIZE_CLONES before a function's definition compiles it twice, for
// the baseline (SSE2 on x86-64) and for AVX2, picks one at load time by the
// processor, and turns the loop vectoriser fully on (at -O2 alone g++ 12
// vectorises only loops that need no epilogue). Both versions give the same
// bits: neither may reorder or contract floating-point arithmetic (we compile
// without -ffast-math, and AVX2 alone has no fused multiply-add). Everything
// that the loop calls must be inlined: mark it MUSTER_ALWAYS_INLINE.
//
// Under sanitizers and on other compilers or machines the attribute is empty.

#define MUSTER_ALWAYS_INLINE inline __attribute__((always_inline))

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    !defined(MUSTER_NO_CLONES)
#define MUSTER_VECTORIZE_CLONES                    \
  __attribute__((target_clones("default", "avx2"), \
                 optimize("O3", "fp-contract=off")))
#else
#define MUSTER_VECTORIZE_CLONES
#endif

#endif  // MUSTER_RUNTIME_VECTORIZE_H_
