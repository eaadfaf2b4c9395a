//! Which cells of a grid have their centre inside a polygon of the picture.

use models::SizePx;

use crate::Ring;

/// Calls `cell` for each cell whose centre lies inside `rings`, even-odd, row by row.
///
/// The grid of `rows` x `columns` is laid over the picture edge to edge; rings are in pixels of the picture.
pub(crate) fn each_cell_inside(
    rings: &[&Ring],
    (rows, columns): (usize, usize),
    picture: SizePx,
    mut cell: impl FnMut(usize, usize),
) {
    let row_px = f64::from(picture.height) / rows.max(1) as f64;
    let column_px = f64::from(picture.width) / columns.max(1) as f64;
    let heights = rings.iter().flat_map(|ring| ring.iter().map(|(_, y)| *y));
    let (top, bottom) =
        heights.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)));
    // The first index whose centre is not before a place; a cast keeps to 0 and up and takes NaN to 0.
    let first =
        |place: f64, step: f64, count: usize| ((place / step - 0.5).ceil().max(0.0) as usize).min(count);
    let mut crossings = Vec::new();
    for row in first(top, row_px, rows)..first(bottom, row_px, rows) {
        let y = (row as f64 + 0.5) * row_px;
        crossings.clear();
        crossings.extend(rings.iter().flat_map(|ring| edges(ring)).filter_map(|edge| crossing(edge, y)));
        crossings.sort_by(f64::total_cmp);
        for pair in crossings.chunks_exact(2) {
            if let [from, to] = pair {
                for column in first(*from, column_px, columns)..first(*to, column_px, columns) {
                    cell(row, column);
                }
            }
        }
    }
}

/// Returns the edges of a closed ring.
pub(crate) fn edges(ring: &Ring) -> impl Iterator<Item = ((f64, f64), (f64, f64))> {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

fn crossing(((x0, y0), (x1, y1)): ((f64, f64), (f64, f64)), y: f64) -> Option<f64> {
    ((y0 <= y) != (y1 <= y)).then(|| x0 + (x1 - x0) * (y - y0) / (y1 - y0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(rings: &[&Ring]) -> Vec<(usize, usize)> {
        let mut cells = Vec::new();
        each_cell_inside(rings, (4, 4), SizePx::new(40, 40), |row, column| cells.push((row, column)));
        cells
    }

    #[test]
    fn cells_count_by_their_centre() {
        let ring = vec![(6.0, 4.0), (26.0, 4.0), (26.0, 16.0), (6.0, 16.0)];
        assert_eq!(inside(&[&ring]), [(0, 1), (0, 2), (1, 1), (1, 2)]);
    }

    #[test]
    fn a_ring_inside_a_ring_is_a_hole() {
        let outer = vec![(0.0, 0.0), (40.0, 0.0), (40.0, 40.0), (0.0, 40.0)];
        let hole = vec![(10.0, 10.0), (30.0, 10.0), (30.0, 30.0), (10.0, 30.0)];
        assert_eq!(inside(&[&outer, &hole]).len(), 12);
    }

    #[test]
    fn rings_beyond_the_picture_are_cut_and_odd_ones_hold_nothing() {
        let beyond = vec![(-50.0, -50.0), (90.0, -50.0), (90.0, 90.0), (-50.0, 90.0)];
        assert_eq!(inside(&[&beyond]).len(), 16);
        for odd in [vec![], vec![(5.0, 5.0)], vec![(0.0, 0.0), (40.0, 40.0)], vec![(f64::NAN, 3.0); 3]] {
            assert!(inside(&[&odd]).is_empty(), "{odd:?}");
        }
    }
}
