//! A small generator of pseudo-random numbers (SplitMix64). A library's may change its sequence with a
//! version, and with it every name in the school.

/// A sequence that its seed determines.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The sequence of `seed` for one purpose. Each purpose has its own, so that more names drawn don't change
    /// the temperatures.
    pub fn new(seed: u64, purpose: &str) -> Self {
        // FNV-1a over the purpose.
        Self(purpose.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        }))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which must not be zero.
    pub fn below(&mut self, end: usize) -> usize {
        // The bias of the remainder is of no weight for the few thousand this is used for.
        (self.next() % end as u64) as usize
    }

    /// A number from `start` up to and including `last`.
    pub fn between(&mut self, start: usize, last: usize) -> usize {
        start + self.below(last - start + 1)
    }

    /// True in `percent` of a hundred cases.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of a list, which must not be empty.
    pub fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// One of a list whose first items are the more frequent the earlier they stand.
    pub fn pick_skewed<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len()).min(self.below(list.len()))]
    }

    /// Puts a list into another order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }
}

/// Splits `total` into whole parts that are as near to the weights as can be and sum up to it exactly
/// (the method of largest remainders).
pub fn apportion(total: usize, weights: &[usize]) -> Vec<usize> {
    let sum: usize = weights.iter().sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let mut parts: Vec<usize> = weights.iter().map(|weight| total * weight / sum).collect();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|&i| std::cmp::Reverse(total * weights[i] % sum));
    let missing = total - parts.iter().sum::<usize>();
    for &i in &by_remainder[..missing] {
        parts[i] += 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_fixed() {
        let mut random = Random::new(1, "names");
        let drawn: Vec<usize> = (0..5).map(|_| random.below(1000)).collect();
        assert_eq!(drawn, [481, 494, 597, 784, 612]);
        assert_ne!(Random::new(1, "names").next(), Random::new(1, "phones").next());
    }

    #[test]
    fn parts_sum_up_to_the_whole() {
        assert_eq!(apportion(10, &[1, 1, 1]), [4, 3, 3]);
        assert_eq!(apportion(56, &[3, 3, 2]), [21, 21, 14]);
        assert_eq!(apportion(2, &[0, 1, 0]), [0, 2, 0]);
        assert_eq!(apportion(3, &[0, 0]), [0, 0]);
    }
}
