//! Projections, held against the records they are made from.

use std::collections::BTreeSet;

use super::Audit;

impl Audit<'_> {
    /// Takes the projections of the bucket that ends here, as they are stored.
    pub(in crate::store) fn bucket(
        &mut self,
        bucket: u64,
        lookups: &BTreeSet<(i64, u64)>,
        zone: Option<(i64, i64)>,
    ) {
        let mut expected = std::mem::take(&mut self.keys);
        expected.sort_unstable();
        expected.dedup();
        if !expected.iter().eq(lookups) {
            self.compare_lookups(bucket, &expected.into_iter().collect(), lookups);
        }
        self.untold.clear();
        match (self.zone.take(), zone) {
            (Some(_), None) => self.wrong("zone", bucket, "row", "it is missing"),
            (None, Some(_)) => self.wrong("zone", bucket, "row", "none of its records can be read"),
            (Some((first, last)), Some((first_us, last_us))) => {
                let what = "it is not that of the bucket's records";
                for (field, is_it) in [
                    ("first_us", first == first_us),
                    ("last_us", last == last_us),
                ] {
                    if !is_it {
                        self.wrong("zone", bucket, field, what);
                    }
                }
            }
            (None, None) => {}
        }
    }

    fn compare_lookups(
        &mut self,
        bucket: u64,
        expected: &BTreeSet<(i64, u64)>,
        lookups: &BTreeSet<(i64, u64)>,
    ) {
        for (key, index) in expected.difference(lookups) {
            self.wrong(
                "lookup",
                format!("{bucket}/{key}/{index}"),
                "row",
                "it is missing",
            );
        }
        let untold = std::mem::take(&mut self.untold);
        for (key, index) in lookups.difference(expected) {
            if untold.contains(index) {
                continue;
            }
            self.wrong(
                "lookup",
                format!("{bucket}/{key}/{index}"),
                "row",
                "no record has this key",
            );
        }
    }
}
