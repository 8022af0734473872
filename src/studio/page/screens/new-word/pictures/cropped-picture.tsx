import type { Check } from "../../../../checking/check.ts";
import type { DraftPicture } from "../../../../drafts/draft.ts";

export type Crop = Check["crops"][number];

/** A picture with its cropped margin darkened. */
export function CroppedPicture({
  draft,
  picture: { name, width, height },
  crop,
  alt,
  isWhole = false,
}: {
  draft: string;
  picture: DraftPicture;
  crop: Crop | undefined;
  alt: string;
  /** Whether to show the whole file instead of the preview. */
  isWhole?: boolean;
}) {
  const percent = (part: number, whole: number) => `${(100 * part) / whole}%`;
  const shape = width >= height ? { width: "100%" } : { height: "100%" };
  return (
    <div class="cropped" style={{ aspectRatio: `${width} / ${height}`, ...(!isWhole && shape) }}>
      <img
        loading="lazy"
        draggable={false}
        src={`/api/drafts/${draft}/pictures/${encodeURIComponent(name)}${isWhole ? "?whole" : ""}`}
        alt={alt}
      />
      {crop && (
        <div
          class="frame"
          style={{
            left: percent(crop.left, width),
            top: percent(crop.top, height),
            width: percent(crop.cropWidth, width),
            height: percent(crop.cropHeight, height),
          }}
        />
      )}
    </div>
  );
}
