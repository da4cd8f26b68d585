import JSZip from 'jszip';

/** The earliest time that a ZIP entry can carry: an archive's contents have no time of their own. */
const epoch = new Date(Date.UTC(1980, 0, 1));

/** Open Packaging Conventions, section 10.1.2 "Mapping content types". */
const contentTypes = '[Content_Types].xml';

/**
 * The same archive with everything taken out that differs from run to run: order, times, attributes, compression. A
 * VSIX is an Open Packaging Convention package, to which none of these mean anything.
 */
export async function normaliseArchive(archive: Uint8Array): Promise<Uint8Array> {
  const source = await JSZip.loadAsync(archive);
  const target = new JSZip();
  const names = Object.values(source.files)
    .filter((entry) => !entry.dir)
    .map((entry) => entry.name)
    .sort();
  for (const name of names) {
    const content = await source.files[name]?.async('uint8array');
    if (content === undefined) continue;
    const bytes = name === contentTypes ? sortedContentTypes(content) : content;
    target.file(name, bytes, { date: epoch, createFolders: false });
  }
  return target.generateAsync({
    type: 'uint8array',
    compression: 'DEFLATE',
    compressionOptions: { level: 9 },
    platform: 'DOS',
  });
}

/** tfx lists the content types of file extensions in the order in which it came across the files. */
function sortedContentTypes(content: Uint8Array): string {
  const text = Buffer.from(content).toString('utf8');
  const element = /<Default\b[^>]*\/>/g;
  const sorted = [...text.matchAll(element)].map(([found]) => found).sort();
  return text.replaceAll(element, () => sorted.shift() ?? '');
}

/** Path within the archive -> bytes. */
export async function readArchive(archive: Uint8Array): Promise<ReadonlyMap<string, Uint8Array>> {
  const { files } = await JSZip.loadAsync(archive);
  const entries = Object.values(files).filter((entry) => !entry.dir);
  return new Map(
    await Promise.all(entries.map(async (entry) => [entry.name, await entry.async('uint8array')] as const)),
  );
}
