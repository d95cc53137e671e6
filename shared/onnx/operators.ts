// The operators that an agent takes: what onnxruntime 1.27's CPU provider runs out of the box, nothing custom.

const list = (text: string): string[] => text.split(/\s+/).filter((name) => name !== '');

/** Domain ai.onnx. Left out: training and gradient operators, and those whose values are not tensors (sequences, optionals, maps, text). */
const STANDARD = list(`
  Abs Acos Acosh Add AffineGrid And ArgMax ArgMin Asin Asinh Atan Atanh Attention AveragePool BatchNormalization Bernoulli BitShift
  BitwiseAnd BitwiseNot BitwiseOr BitwiseXor BlackmanWindow Cast CastLike Ceil Celu CenterCropPad Clip Col2Im Compress Concat
  Constant ConstantOfShape Conv ConvInteger ConvTranspose Cos Cosh CumSum DFT DeformConv DepthToSpace DequantizeLinear Det Div Dropout
  DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand EyeLike Flatten Floor GRU Gather GatherElements GatherND Gelu Gemm
  GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GreaterOrEqual GridSample GroupNormalization HammingWindow HannWindow HardSigmoid
  HardSwish Hardmax Identity If InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax
  Loop LpNormalization LpPool MatMul MatMulInteger Max MaxPool MaxRoiPool MaxUnpool Mean MeanVarianceNormalization MelWeightMatrix Min
  Mish Mod Mul Multinomial Neg NegativeLogLikelihoodLoss NonMaxSuppression NonZero Not OneHot Or PRelu Pad Pow QLinearConv QLinearMatMul
  QuantizeLinear RMSNormalization RNN RandomNormal RandomNormalLike RandomUniform RandomUniformLike Range Reciprocal ReduceL1 ReduceL2
  ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize ReverseSequence
  RoiAlign RotaryEmbedding Round STFT Scan Scatter ScatterElements ScatterND Selu Shape Shrink Sigmoid Sign Sin Sinh Size Slice Softmax
  SoftmaxCrossEntropyLoss Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Swish Tan Tanh TensorScatter ThresholdedRelu Tile TopK
  Transpose Trilu Unique Unsqueeze Upsample Where Xor
`);

/** Domain ai.onnx.ml: classical models with tensor outputs. */
const CLASSICAL = list(`
  ArrayFeatureExtractor Binarizer FeatureVectorizer Imputer LabelEncoder LinearClassifier LinearRegressor Normalizer OneHotEncoder SVMClassifier
  SVMRegressor Scaler TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor
`);

/** Domain com.microsoft: what exporters and quantisers commonly emit. */
const CONTRIBUTED = list(`
  Attention BiasGelu DequantizeLinear DynamicQuantizeLSTM DynamicQuantizeMatMul EmbedLayerNormalization FastGelu FusedConv FusedGemm
  FusedMatMul Gelu GroupQueryAttention MatMulIntegerToFloat MatMulNBits MultiHeadAttention NhwcMaxPool QAttention QGemm
  QLinearAdd QLinearAveragePool QLinearConcat QLinearConv QLinearGlobalAveragePool QLinearLeakyRelu QLinearMul QLinearSigmoid
  QLinearSoftmax QuantizeLinear QuickGelu RotaryEmbedding SkipLayerNormalization SkipSimplifiedLayerNormalization
`);

/** As a GraphSummary writes them: "Gemm", "ai.onnx.ml:Scaler", "com.microsoft:Gelu". */
export const SUPPORTED_OPERATORS: ReadonlySet<string> = new Set([
  ...STANDARD,
  // onnxruntime keeps this one in the default domain, though the standard does not have it.
  'SimplifiedLayerNormalization',
  ...CLASSICAL.map((name) => `ai.onnx.ml:${name}`),
  ...CONTRIBUTED.map((name) => `com.microsoft:${name}`),
]);

/** Opsets of the default domain that onnxruntime 1.27 loads; measured: 6 loads with a warning, 27 is refused. */
export const MIN_OPSET = 7;
export const MAX_OPSET = 26;
