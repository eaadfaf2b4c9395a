//! A labelled folder: `images/` with `masks/` or `labels/`, and views out of a manifest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use models::card::Task;
use models::eval::average_precision::Rect;
use models::{Card, RgbImage, SizePx};
use ndarray::Array2;

use super::labels;

/// Columns that may name a picture in a manifest.
const NAME_COLUMNS: [&str; 5] = ["stem", "image", "file", "filename", "name"];

/// A labelled folder.
pub struct Data {
    folder: PathBuf,
    /// File names of the pictures, sorted.
    pub names: Vec<String>,
    views: BTreeMap<String, String>,
}

/// What is known to be in a picture.
pub enum Truth {
    /// 0, 1 and 255 a pixel.
    Mask(Array2<u8>),
    /// Class ids of the card and boxes.
    Boxes(Vec<(u32, Rect)>),
}

impl Data {
    /// Lists the pictures of a folder and reads the manifest where there is one.
    ///
    /// # Errors
    /// When there are no pictures, no truth of the kind that the task needs, or the manifest is no CSV.
    pub fn open(folder: &Path, task: Task) -> anyhow::Result<Self> {
        let names = pictures(&folder.join("images"))?;
        let (kind, pack) = match task {
            Task::Segmentation => ("masks", "masks"),
            Task::Detection => ("labels", "boxes"),
        };
        if !folder.join(kind).is_dir() {
            bail!("{} holds no {kind}/, which a pack of {pack} is scored against", folder.display());
        }
        Ok(Self { folder: folder.to_owned(), names, views: views(folder)? })
    }

    /// Returns the view of a picture, where the manifest names one.
    pub fn view(&self, name: &str) -> Option<String> {
        self.views.get(&stem(name)).cloned()
    }

    /// Reads a picture.
    ///
    /// # Errors
    /// When it cannot be read or decoded; the message names the file.
    pub fn picture(&self, name: &str) -> anyhow::Result<RgbImage> {
        let path = self.picture_path(name);
        pipeline_cv::decode_picture(&read(&path)?).with_context(|| path.display().to_string())
    }

    /// Reads what is known to be in a picture of this size.
    ///
    /// # Errors
    /// When it is missing or makes no sense; the message names the file, and of labels the line.
    pub fn truth(&self, name: &str, size: SizePx, card: &Card) -> anyhow::Result<Truth> {
        match card.task {
            Task::Segmentation => self.mask(name, size).map(Truth::Mask),
            Task::Detection => {
                let path = self.folder.join("labels").join(format!("{}.txt", stem(name)));
                Ok(Truth::Boxes(labels::read(&path, &self.picture_path(name), size, card)?))
            }
        }
    }

    /// Returns where the mask of a picture lies.
    pub fn mask_path(&self, name: &str) -> PathBuf {
        self.folder.join("masks").join(format!("{}.png", stem(name)))
    }

    fn mask(&self, name: &str, size: SizePx) -> anyhow::Result<Array2<u8>> {
        let path = self.mask_path(name);
        let truth = pipeline_cv::decode_mask(&read(&path)?).with_context(|| path.display().to_string())?;
        let (rows, columns) = truth.dim();
        if (rows, columns) != (size.height as usize, size.width as usize) {
            bail!("{} is {columns}x{rows}, its picture {size}", path.display());
        }
        Ok(truth)
    }

    fn picture_path(&self, name: &str) -> PathBuf {
        self.folder.join("images").join(name)
    }
}

fn stem(name: &str) -> String {
    Path::new(name).file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn pictures(folder: &Path) -> anyhow::Result<Vec<String>> {
    let cannot_read = || format!("cannot read {}", folder.display());
    let mut names = Vec::new();
    let mut others = 0_usize;
    for entry in std::fs::read_dir(folder).with_context(cannot_read)? {
        let name = entry.with_context(cannot_read)?.file_name().to_string_lossy().into_owned();
        let ending = Path::new(&name).extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
        match ending.as_deref() {
            _ if name.starts_with('.') => {}
            Some("jpg" | "jpeg" | "png") => names.push(name),
            _ => others += 1,
        }
    }
    if others > 0 {
        tracing::warn!("{others} files in {} are no JPEG or PNG and are not scored", folder.display());
    }
    names.sort();
    if names.is_empty() {
        bail!("{} holds no pictures", folder.display());
    }
    Ok(names)
}

/// Views by stem out of the first `manifest.csv` in the folder, beside it or in the folder above that has them.
fn views(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let whole = folder.canonicalize().with_context(|| format!("cannot read {}", folder.display()))?;
    for place in whole.ancestors().take(3) {
        let path = place.join("manifest.csv");
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let found = views_of(&text).with_context(|| format!("{} is no manifest", path.display()))?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(BTreeMap::new())
}

fn views_of(text: &str) -> Result<BTreeMap<String, String>, csv::Error> {
    let mut rows = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = rows.headers()?.clone();
    let column = |name: &str| header.iter().position(|cell| cell.eq_ignore_ascii_case(name));
    let (Some(name), Some(view)) = (NAME_COLUMNS.iter().find_map(|name| column(name)), column("view")) else {
        return Ok(BTreeMap::new());
    };
    let mut found = BTreeMap::new();
    for row in rows.into_records() {
        let row = row?;
        if let (Some(name), Some(view)) = (row.get(name), row.get(view).filter(|view| !view.is_empty())) {
            let known = ["jpg", "jpeg", "png"];
            let ending = Path::new(name).extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
            let is_file = ending.is_some_and(|ending| known.contains(&ending.as_str()));
            let name = Path::new(name).file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.insert(if is_file { stem(&name) } else { name }, view.to_owned());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_are_found_by_stem_or_file_name() {
        let by_stem = views_of("split,stem,view\nval,a_1.5,nadir\nval,b,\n").unwrap();
        assert_eq!(by_stem, BTreeMap::from([("a_1.5".to_owned(), "nadir".to_owned())]));
        let by_file = views_of("image, view ,split\nimages/a_1.JPG,cctv,val\n").unwrap();
        assert_eq!(by_file["a_1"], "cctv");
        assert!(views_of("stem,boxes\na,1\n").unwrap().is_empty(), "no views");
        assert!(views_of("").unwrap().is_empty());
        assert!(views_of("stem,view\na\n").is_err(), "a row is cut short");
    }

    #[test]
    fn the_manifest_lies_in_the_folder_or_above_it() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("set").join("val");
        std::fs::create_dir_all(&folder).unwrap();
        assert!(views(&folder).unwrap().is_empty());
        std::fs::write(root.path().join("manifest.csv"), "stem,view\na,far\n").unwrap();
        assert_eq!(views(&folder).unwrap()["a"], "far");
        std::fs::write(root.path().join("set/manifest.csv"), "stem,view\na,near\n").unwrap();
        assert_eq!(views(&folder).unwrap()["a"], "near");
    }

    #[test]
    fn a_folder_without_pictures_or_truth_says_so() {
        let root = tempfile::tempdir().unwrap();
        let open =
            |task| Data::open(root.path(), task).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(open(Task::Detection).starts_with("cannot read "));
        std::fs::create_dir(root.path().join("images")).unwrap();
        assert!(open(Task::Detection).ends_with("images holds no pictures"));
        std::fs::write(root.path().join("images/a.jpg"), "").unwrap();
        assert!(open(Task::Detection).ends_with("holds no labels/, which a pack of boxes is scored against"));
        assert!(
            open(Task::Segmentation).ends_with("holds no masks/, which a pack of masks is scored against")
        );
    }
}
