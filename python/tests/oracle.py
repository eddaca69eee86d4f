"""A crossbar by textbook nodal analysis in NumPy, dense: slow, short, and nobody else's code."""

import numpy as np


def currents(g_S, v_V, r_word, r_bit, r_source, r_sense):
    """[n_col] A of an ohmic array, word lines driven at the left, bit lines sensed at the bottom."""
    n_row, n_col = g_S.shape
    word = np.arange(n_row * n_col).reshape(n_row, n_col)
    bit = word + n_row * n_col
    size = 2 * n_row * n_col
    a, b = np.zeros((size, size)), np.zeros(size)

    def couple(p, q, g):
        a[p, p] += g
        a[q, q] += g
        a[p, q] -= g
        a[q, p] -= g

    for r in range(n_row):
        for c in range(n_col):
            couple(word[r, c], bit[r, c], g_S[r, c])
            if c:
                couple(word[r, c], word[r, c - 1], 1 / r_word)
            if r:
                couple(bit[r, c], bit[r - 1, c], 1 / r_bit)
        g_in = 1 / (r_source + r_word)
        a[word[r, 0], word[r, 0]] += g_in
        b[word[r, 0]] += g_in * v_V[r]
    g_out = 1 / (r_sense + r_bit)
    a[bit[-1], bit[-1]] += g_out
    return np.linalg.solve(a, b)[bit[-1]] * g_out
