/** Colours and measures: small type, little space, one accent, as people know from vSphere Client. */
import type { GlobalThemeOverrides } from 'naive-ui'

const FONT =
  "'Segoe UI', system-ui, -apple-system, 'Noto Sans', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"

const shared = {
  fontFamily: FONT,
  fontSize: '13px',
  fontSizeSmall: '13px',
  fontSizeMedium: '13px',
  borderRadius: '3px',
  borderRadiusSmall: '3px',
  heightMedium: '30px',
  heightSmall: '26px',
  fontWeightStrong: '600',
} as const

const measures: GlobalThemeOverrides = {
  DataTable: { thPaddingSmall: '5px 8px', tdPaddingSmall: '4px 8px', fontSizeSmall: '13px' },
  Tree: { nodeHeight: '26px', fontSize: '13px' },
  Tabs: { tabPaddingMediumLine: '8px 0', tabGapMediumLine: '24px', tabFontSizeMedium: '13px' },
  Form: { feedbackFontSizeMedium: '12px', labelFontSizeTopMedium: '12px' },
  Dropdown: { fontSizeSmall: '13px', optionHeightSmall: '28px' },
}

/** Steps that are not reached yet are to be read as well. */
function steps(color: string): GlobalThemeOverrides['Steps'] {
  return { headerTextColorWait: color, headerTextColorFinish: color, indicatorTextColorWait: color, indicatorBorderColorWait: color }
}

export const light: GlobalThemeOverrides = {
  ...measures,
  Steps: steps('#5b6b75'),
  common: {
    ...shared,
    primaryColor: '#0065a3',
    primaryColorHover: '#0079c2',
    primaryColorPressed: '#004f80',
    primaryColorSuppl: '#0079c2',
    infoColor: '#0065a3',
    successColor: '#2f7500',
    warningColor: '#a35f00',
    errorColor: '#c21d00',
    textColorBase: '#1b2a32',
    textColor1: '#1b2a32',
    textColor2: '#2b3b44',
    textColor3: '#5b6b75',
    placeholderColor: '#6a7a84',
    borderColor: '#cbd4d8',
    dividerColor: '#dde4e7',
    tableHeaderColor: '#f3f6f7',
  },
}

export const dark: GlobalThemeOverrides = {
  ...measures,
  Steps: steps('#a9b6bd'),
  common: {
    ...shared,
    primaryColor: '#4aaed9',
    primaryColorHover: '#79c6e6',
    primaryColorPressed: '#3995c0',
    primaryColorSuppl: '#4aaed9',
    infoColor: '#4aaed9',
    successColor: '#62a420',
    warningColor: '#efc006',
    errorColor: '#f76f6c',
    bodyColor: '#1b2a32',
    cardColor: '#21333b',
    modalColor: '#21333b',
    popoverColor: '#2a3e48',
    tableColor: '#1b2a32',
    tableHeaderColor: '#22343c',
    inputColor: '#17242b',
    borderColor: '#485b66',
    dividerColor: '#33464f',
    textColor1: '#eaf1f4',
    textColor2: '#d3dde2',
    textColor3: '#a9b6bd',
    placeholderColor: '#98a6ae',
  },
}
