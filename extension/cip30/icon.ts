// The wallet's icon for dApps (CIP-30): 32 x 32 pixels in four colours, 210 bytes, because it lies in every page.
export const ICON =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAACAAAAAgAgMAAAAOFJJnAAAADFBMVEUAAAAdVNaOqer///+R6FbyAAAAAXRSTlMAQObYZgAAAHRJREFUeNp10M0JwCAMBeD00BG6T0fooU8PDuE0rqNTOIJDeDGlGoNQGjx88IT8EB0AcBNt6HXSPnCN5M0UkFoR+yMYDoYDCJaz5bzCcBkRUh2fEdtECgJfBK4KTBMgTfgmvdxvLxlDB/vMrOvopgo9wjzLA0qbbpLlDmznAAAAAElFTkSuQmCC';
