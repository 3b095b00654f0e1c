export const KiB = 1024
export const MiB = 1024 * KiB

export const sizeName = (bytes: number): string => {
  if (bytes >= MiB) return `${bytes / MiB} MiB`
  return bytes >= KiB ? `${bytes / KiB} KiB` : `${bytes} B`
}
