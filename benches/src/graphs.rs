//! The graphs that the dag group runs: for each node those that come before it, in compressed rows.

use std::path::Path;

pub struct Dag {
    first: Vec<u32>,
    before: Vec<u32>,
    /// (before, after), by the node that comes after.
    edges: Vec<(usize, usize)>,
}

impl Dag {
    fn of(nodes: usize, before: impl Fn(usize, &mut Vec<u32>)) -> Dag {
        let mut dag = Dag {
            first: vec![0],
            before: Vec::new(),
            edges: Vec::new(),
        };
        for node in 0..nodes {
            let first = dag.before.len();
            before(node, &mut dag.before);
            dag.first.push(dag.before.len() as u32);
            let edges = dag.before[first..].iter();
            dag.edges.extend(edges.map(|&b| (b as usize, node)));
        }
        dag
    }

    pub fn len(&self) -> usize {
        self.first.len() - 1
    }

    pub fn before(&self, node: usize) -> &[u32] {
        &self.before[self.first[node] as usize..self.first[node + 1] as usize]
    }

    /// Returns the edges as pairs (before, after).
    pub fn edges(&self) -> &[(usize, usize)] {
        &self.edges
    }

    pub fn independent(nodes: usize) -> Dag {
        Dag::of(nodes, |_, _| {})
    }

    pub fn chain(nodes: usize) -> Dag {
        Dag::of(nodes, |node, before| {
            before.extend(node.checked_sub(1).map(|n| n as u32))
        })
    }

    /// 100 layers (fewer, of 10 nodes, if there are less than 1,000); each node has 3 different ones before it, in the
    /// layer above.
    pub fn layers(nodes: usize) -> Dag {
        let width = (nodes / 100).max(10);
        Dag::of(nodes, |node, before| {
            if let Some(above) = (node / width).checked_sub(1) {
                let place = |offset: usize| above * width + (node * 7 + offset) % width;
                before.extend([0, 1, 3].map(|offset| place(offset) as u32));
            }
        })
    }

    /// A binary tree whose root comes last.
    pub fn fan_in(nodes: usize) -> Dag {
        Dag::of(nodes, |node, before| {
            // Counted from the root, node i has 2i + 1 and 2i + 2 below it.
            let from_root = nodes - 1 - node;
            let below = [2 * from_root + 2, 2 * from_root + 1];
            before.extend(
                below
                    .iter()
                    .filter_map(|&b| (nodes - 1).checked_sub(b))
                    .map(|n| n as u32),
            );
        })
    }

    /// An edge list: `e node dep dep ...`, counted from 0 by the order of the `n` lines.
    pub fn from_edge_list(text: &str) -> Option<Dag> {
        let nodes = text.lines().filter(|line| line.starts_with("n\t")).count();
        let mut rows: Vec<Vec<u32>> = vec![Vec::new(); nodes];
        for line in text.lines().filter_map(|line| line.strip_prefix("e\t")) {
            let mut fields = line
                .split(['\t', ' '])
                .map(|field| field.parse::<u32>().ok());
            let node = fields.next()?? as usize;
            rows.get_mut(node)?
                .extend(fields.collect::<Option<Vec<_>>>()?);
        }
        Some(Dag::of(nodes, |node, before| before.extend(&rows[node])))
    }

    /// Reads a gzipped edge list.
    pub fn read_gz(path: &Path) -> Option<Dag> {
        let mut text = String::new();
        let file = std::fs::File::open(path).ok()?;
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(file), &mut text).ok()?;
        Dag::from_edge_list(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::Dag;

    fn rows(dag: &Dag) -> Vec<&[u32]> {
        (0..dag.len()).map(|node| dag.before(node)).collect()
    }

    #[test]
    fn a_fan_in_ends_in_its_root() {
        let expected: [&[u32]; 6] = [&[], &[], &[], &[0], &[1, 2], &[3, 4]];
        assert_eq!(rows(&Dag::fan_in(6)), expected);
    }

    #[test]
    fn layers_have_three_different_edges_to_the_layer_above() {
        for nodes in [100, 1_000, 10_000] {
            let dag = Dag::layers(nodes);
            let width = (nodes / 100).max(10);
            for node in width..nodes {
                let before = dag.before(node);
                let mut distinct = before.to_vec();
                distinct.sort_unstable();
                distinct.dedup();
                assert_eq!(distinct.len(), 3, "node {node} of {nodes}");
                assert!(
                    before
                        .iter()
                        .all(|&b| b as usize / width == node / width - 1)
                );
            }
        }
    }

    #[test]
    fn edge_lists_count_nodes_from_zero() {
        let dag = Dag::from_edge_list("n\ta\nn\tb\nn\tc\ne\t2\t0 1\n").unwrap();
        let expected: [&[u32]; 3] = [&[], &[], &[0, 1]];
        assert_eq!(rows(&dag), expected);
        assert!(Dag::from_edge_list("n\ta\ne\t0\tx\n").is_none());
    }
}
